#!/bin/bash
# Installs Creme CRM (creme-crm, AGPL, from PyPI) with invented customers, for the
# end-to-end tests. Nothing is written into the checkout; a second run does nothing.
#
#   bash tests/creme/install.sh        # some three minutes the first time
#
# Into: $SUDARE_CREME, else $XDG_CACHE_HOME/sudare/creme, else ~/.cache/sudare/creme
#   venv/         Python packages
#   crm/          the Creme project: settings, static files
#   pristine/     the seeded database, and people.json that says whom it holds
#
# Exit status: 0 installed, 1 something failed (the words before it say what).
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=${SUDARE_CREME:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/creme}
log=$root/install.log

creme_version=2.8.6
gunicorn_version=23.0.0
# Creme's start still imports pkg_resources, which newer setuptools no longer has.
setuptools_version=65.5.0
# Changes whenever people.py, seed.py, settings.py or a version above changes, so that
# an older database is never taken for the one that the tests expect.
stamp=$( { echo "$creme_version $gunicorn_version"; cat "$here/people.py" "$here/seed.py" "$here/settings.py"; } | sha256sum | cut -c1-16)

say() { printf 'creme: %s\n' "$*" >&2; }
die() {
    say "$*"
    if [ -s "$log" ]; then say "the last lines of $log:"; tail -n 15 "$log" >&2; fi
    exit 1
}
# Says what is going on, keeps its output for the day it fails.
step() {
    local what=$1; shift
    say "$what"
    "$@" >>"$log" 2>&1 </dev/null || die "failed: $what"
}

mkdir -p "$root"
exec 9>"$root/install.lock"
flock -w 900 9 || die "another install holds $root/install.lock"
if [ "$(cat "$root/pristine/stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$root/venv/bin/gunicorn" ] && command -v redis-server >/dev/null; then
    say "already installed in $root"
    exit 0
fi
: >"$log"

packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || die "python3 is missing"
missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
"$python" -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || die "install by hand: ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || die "apt-get needs root; run: sudo apt-get install ${missing[*]}"
    step "1/6 installing ${missing[*]}" packages "${missing[@]}"
    # The tests start a server of their own on a port of their own.
    service redis-server stop >>"$log" 2>&1 || true
else
    say "1/6 redis-server and python3-venv are there"
fi

if [ ! -x "$root/venv/bin/python" ]; then
    step "2/6 making a virtual environment" "$python" -m venv "$root/venv"
else
    say "2/6 the virtual environment is there"
fi
step "3/6 installing creme-crm $creme_version with pip" \
    "$root/venv/bin/pip" install --disable-pip-version-check \
    "creme-crm==$creme_version" "gunicorn==$gunicorn_version" "setuptools==$setuptools_version"

cd "$root"
[ -d crm ] || step "4/6 making the project" ./venv/bin/creme creme_start_project crm
cp "$here/settings.py" crm/crm/loopback.py
cd crm
export DJANGO_SETTINGS_MODULE=crm.loopback PYTHONWARNINGS=ignore
if [ ! -s crm/_generated_media_names.py ]; then
    step "4/6 building scripts and styles" ../venv/bin/creme generatemedia
fi

# The database is built beside the pristine one and takes its place when it is whole.
build=$root/build; rm -rf "$build"; mkdir -p "$build"
export CREME_DATABASE=$build/db.sqlite3 CREME_UPLOADS=$build/uploads
export CREME_REDIS_PORT=${CREME_REDIS_PORT:-18100}
redis-server --port "$CREME_REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --daemonize yes \
    --pidfile "$build/redis.pid" --dir "$build" >>"$log" 2>&1 9>&- || die "redis-server does not start"
trap 'kill "$(cat "$build/redis.pid" 2>/dev/null)" 2>/dev/null || true' EXIT
step "5/6 making the database" ../venv/bin/creme migrate -v0
step "5/6 filling in Creme's own tables" ../venv/bin/creme creme_populate -v0
step "6/6 seeding customers" ../venv/bin/python "$here/seed.py" "$build/people.json"

echo "$stamp" >"$build/stamp"
rm -rf "$root/pristine"; mkdir "$root/pristine"
mv "$build/db.sqlite3" "$build/people.json" "$build/stamp" "$root/pristine/"
say "installed in $root"
