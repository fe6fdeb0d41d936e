#!/bin/bash
# Starts the installed Creme CRM on 127.0.0.1 with a fresh copy of the seeded database.
#
#   CREME_PORT=8101 CREME_RUN=/tmp/run bash tests/creme/start.sh
#
# CREME_PORT        where it listens (8101)
# CREME_RUN         a folder for this run alone: database, uploads, pid files, logs
#                   (left out: a folder named after the port, beside the installation)
# CREME_REDIS_PORT  its own redis (CREME_PORT + 10000)
# CREME_SETTINGS    `hard` for hard.py beside this script: Shift_JIS, packed (crm.loopback)
# CREME_CERTIFICATE, CREME_KEY  PEM files: it then speaks TLS
# SUDARE_CREME      where install.sh put it
#
# Runs with other ports and folders do not touch each other. Returns when the CRM
# answers. Exit status: 0 it answers, 1 it does not, 3 it is not installed.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=${SUDARE_CREME:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/creme}
export CREME_PORT=${CREME_PORT:-8101}
export CREME_REDIS_PORT=${CREME_REDIS_PORT:-$((CREME_PORT + 10000))}
run=${CREME_RUN:-$root/run-$CREME_PORT}

say() { printf 'creme: %s\n' "$*" >&2; }
die() {
    say "$*"
    if [ -s "$run/web.log" ]; then tail -n 15 "$run/web.log" >&2; fi
    exit 1
}

if [ ! -s "$root/pristine/db.sqlite3" ]; then
    say "not installed in $root; run: bash tests/creme/install.sh"
    exit 3
fi
CREME_RUN=$run bash "$here/stop.sh"
if (exec 3<>"/dev/tcp/127.0.0.1/$CREME_PORT") 2>/dev/null; then die "port $CREME_PORT is taken"; fi

mkdir -p "$run/uploads"
cp "$root/pristine/db.sqlite3" "$run/db.sqlite3"
rm -f "$run/db.sqlite3-journal"
export CREME_DATABASE=$run/db.sqlite3 CREME_UPLOADS=$run/uploads
export DJANGO_SETTINGS_MODULE=${CREME_SETTINGS:-crm.loopback} PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH=$here
scheme=http
tls=()
if [ -n "${CREME_CERTIFICATE:-}" ]; then
    scheme=https
    tls=(--certfile "$CREME_CERTIFICATE" --keyfile "${CREME_KEY:?the key of CREME_CERTIFICATE}")
fi

redis-server --port "$CREME_REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --daemonize yes \
    --pidfile "$run/redis.pid" --logfile "$run/redis.log" --dir "$run" >/dev/null \
    || die "redis-server does not start on port $CREME_REDIS_PORT"

cd "$root/crm"
# One process with threads: SQLite has one writer anyway, and one process starts fastest.
../venv/bin/gunicorn --daemon --workers 1 --worker-class gthread --threads 4 --timeout 120 \
    --bind "127.0.0.1:$CREME_PORT" --pid "$run/web.pid" --log-file "$run/web.log" --worker-tmp-dir "$run" \
    "${tls[@]}" crm.wsgi:application || die "gunicorn does not start"

# The first page loads all of Creme; it is fetched here so that no test pays for it. Whether the
# certificate is right is for the tests to say.
for _ in $(seq 1 150); do
    if curl -s -f -k -o /dev/null --noproxy '*' -m 60 "$scheme://127.0.0.1:$CREME_PORT/creme_login"; then
        say "ready on $scheme://127.0.0.1:$CREME_PORT, run folder $run"
        exit 0
    fi
    sleep 0.2
done
CREME_RUN=$run bash "$here/stop.sh"
die "no answer on port $CREME_PORT"
