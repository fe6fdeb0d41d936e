#!/bin/bash
# Starts the installed Tryton on 127.0.0.1 with a fresh copy of the seeded database.
#
#   TRYTON_PORT=8104 TRYTON_RUN=/tmp/run bash tests/tryton/start.sh
#
# TRYTON_PORT    where it listens (8104)
# TRYTON_RUN     a folder for this run alone: database, pid file, log
#                (left out: a folder named after the port, beside the installation)
# SUDARE_TRYTON  where install.sh put it
#
# Runs with other ports and folders do not touch each other. Returns when Tryton answers. Exit status:
# 0 it answers, 1 it does not, 3 it is not installed.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=${SUDARE_TRYTON:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/tryton}
export TRYTON_PORT=${TRYTON_PORT:-8104}
run=${TRYTON_RUN:-$root/run-$TRYTON_PORT}

say() { printf 'tryton: %s\n' "$*" >&2; }
die() {
    say "$*"
    if [ -s "$run/web.log" ]; then tail -n 15 "$run/web.log" >&2; fi
    exit 1
}

if [ ! -s "$root/pristine/crm.sqlite" ]; then
    say "not installed in $root; run: bash tests/tryton/install.sh"
    exit 3
fi
TRYTON_RUN=$run bash "$here/stop.sh"
if (exec 3<>"/dev/tcp/127.0.0.1/$TRYTON_PORT") 2>/dev/null; then die "port $TRYTON_PORT is taken"; fi

mkdir -p "$run"
rm -f "$run"/crm.sqlite*
cp "$root/pristine/crm.sqlite" "$run/crm.sqlite"
cat >"$run/trytond.conf" <<CONF
[database]
uri = sqlite://
path = $run
[web]
listen = 127.0.0.1:$TRYTON_PORT
hostname = 127.0.0.1:$TRYTON_PORT
[session]
authentications = password
CONF
"$root/venv/bin/trytond" -c "$run/trytond.conf" -d crm >"$run/web.log" 2>&1 </dev/null &
echo $! >"$run/web.pid"

# The first call loads all of Tryton; it is made here so that no test pays for it.
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$TRYTON_PORT" || return 1
    local body='{"id":0,"method":"common.server.version","params":[]}'
    printf 'POST /rpc/ HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
        "$TRYTON_PORT" "${#body}" "$body" >&3
    head -c 12 <&3 | grep -q ' 200'
}
for _ in $(seq 1 300); do
    if (ask) 2>/dev/null; then exit 0; fi
    kill -0 "$(cat "$run/web.pid")" 2>/dev/null || die "trytond has ended"
    sleep 0.2
done
die "Tryton does not answer"
