#!/bin/bash
# Builds the Debian package, installs it, starts what it installed as its user, takes it away again.
# Changes this machine: for CI and throw-away machines. As root on Debian.
#   tests/deploy/deb.sh [BINARY]     BINARY stands for target/release/sudare
# Exit status: 0 all of it worked, 1 something did not (the words before it say what).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
say() { printf 'deb: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
work=$(mktemp -d)
trap 'rm -rf "$work"; dpkg -P sudare >/dev/null 2>&1 || true; rm -rf /etc/sudare /var/lib/sudare' EXIT
[ ! -e /etc/sudare ] && [ ! -e /var/lib/sudare ] || die "/etc/sudare or /var/lib/sudare is there: this is no throw-away machine"

if ! command -v cargo-deb >/dev/null; then
  say "installing cargo-deb"
  cargo install --quiet --locked --debug cargo-deb
fi
if ! command -v cargo-cyclonedx >/dev/null; then
  say "installing cargo-cyclonedx"
  cargo install --quiet --locked --debug cargo-cyclonedx
fi
if [ $# = 0 ]; then
  cargo build --release --locked
  set -- "${CARGO_TARGET_DIR:-target}/release/sudare"
fi
# A target folder of its own: the checkout's is not touched.
install -D "$1" "$work/target/release/sudare"
deploy/debian/pages "$work/target/release/sudare" "$work/target/release"
bill=$work/target/release/sudare.cdx.json
deploy/bill "$bill"
cargo tree --locked -e normal --prefix none -f '{p}' | sed -n 's/ v[0-9].*//p' | sort -u | while read -r crate; do
  grep -q "\"name\": \"$crate\"" "$bill" || die "the bill of materials does not name $crate"
done
! grep -q "$PWD" "$bill" || die "the bill of materials names this machine's folders"
CARGO_TARGET_DIR=$work/target cargo deb --no-build --no-strip --output "$work/sudare.deb"
say "lists $(dpkg-deb -c "$work/sudare.deb" | wc -l) files, $(dpkg-deb -f "$work/sudare.deb" Version)"

export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends "$work/sudare.deb" >"$work/log" 2>&1 || { cat "$work/log"; die "it does not install"; }
sudare --version
# Not through a pipe: `grep -q` ends at the first match, and a writer that is not done then fails the pipe.
installed=$(dpkg -L sudare)
for page in /usr/share/man/man1/sudare.1.gz /usr/share/man/ja/man1/sudare.1.gz; do
  # Debian's own containers leave manual pages out at installation.
  [ -e "$page" ] || grep -qx "$page" <<<"$installed" || die "no $page"
done
grep -qx /usr/share/doc/sudare/sudare.cdx.json <<<"$installed" || die "no bill of materials"
bash -n /usr/share/bash-completion/completions/sudare
[ "$(stat -c '%U:%G %a' /var/lib/sudare)" = "sudare:sudare 700" ] || die "/var/lib/sudare is $(stat -c '%U:%G %a' /var/lib/sudare)"
[ "$(stat -c '%U:%G %a' /etc/sudare)" = "root:sudare 750" ] || die "/etc/sudare is $(stat -c '%U:%G %a' /etc/sudare)"

cp deploy/compose/etc/users.yaml /etc/sudare/
sed 's/0\.0\.0\.0:8080/127.0.0.1:18080/; s/0\.0\.0\.0:9901/127.0.0.1:19901/; s|pack:creme|/usr/share/sudare/rules/creme.yaml|' \
  deploy/compose/etc/gateway.yaml >/etc/sudare/gateway.yaml
chown root:sudare /etc/sudare/*; chmod 0640 /etc/sudare/*

# The unit's own commands, as its user: this machine's first process may not be systemd.
unit=/lib/systemd/system/sudare.service
[ -e "$unit" ] || unit=/usr/lib/systemd/system/sudare.service
command_of() { sed -n "s/^$1=//p" "$unit"; }
as=(setpriv --reuid sudare --regid sudare --clear-groups --no-new-privs)
"${as[@]}" $(command_of ExecStartPre) || die "check refuses"
cd /var/lib/sudare
"${as[@]}" $(command_of ExecStart) 2>"$work/serve.log" &
served=$!
for _ in $(seq 1 100); do
  curl -s -o /dev/null http://127.0.0.1:19901/readyz && break
  kill -0 $served 2>/dev/null || { cat "$work/serve.log"; die "it does not start"; }
  sleep 0.1
done
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:18080/)" = 401 ] || die "nobody was let in"
kill -TERM $served
wait $served || { cat "$work/serve.log"; die "it does not stop in order"; }
"${as[@]}" sudare ledger verify --state /var/lib/sudare
dpkg -P sudare >/dev/null
[ -d /var/lib/sudare/ledger ] || die "the purge took the ledger"
say "installed, started, stopped, purged; the ledger stayed"
