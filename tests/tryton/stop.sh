#!/bin/bash
# Stops the Tryton that start.sh started with the same TRYTON_PORT and TRYTON_RUN.
# Its run folder stays, for reading its log and database.
set -euo pipefail

root=${SUDARE_TRYTON:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/tryton}
run=${TRYTON_RUN:-$root/run-${TRYTON_PORT:-8104}}

file=$run/web.pid
[ -s "$file" ] || exit 0
pid=$(cat "$file")
# A pid file outlives a crash; its number may belong to somebody else by now.
if grep -q -a trytond "/proc/$pid/cmdline" 2>/dev/null; then
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 1 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
fi
rm -f "$file"
