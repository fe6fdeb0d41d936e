#!/bin/bash
# Stops the Creme CRM that start.sh started with the same CREME_PORT and CREME_RUN.
# Its run folder stays, for reading its logs and database.
set -euo pipefail

root=${SUDARE_CREME:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/creme}
run=${CREME_RUN:-$root/run-${CREME_PORT:-8101}}

for part in web redis; do
    file=$run/$part.pid
    [ -s "$file" ] || continue
    pid=$(cat "$file")
    # A pid file outlives a crash; its number may belong to somebody else by now.
    if grep -q -a -E 'gunicorn|redis-server' "/proc/$pid/cmdline" 2>/dev/null; then
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 1 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$file"
done
