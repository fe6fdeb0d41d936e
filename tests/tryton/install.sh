#!/bin/bash
# Installs Tryton's server (trytond and its party module, GPL, from PyPI) with invented parties, for
# the end-to-end tests. Nothing is written into the checkout; a second run does nothing.
#
#   bash tests/tryton/install.sh        # some two minutes the first time
#
# Into: $SUDARE_TRYTON, else $XDG_CACHE_HOME/sudare/tryton, else ~/.cache/sudare/tryton
#   venv/         Python packages; one that holds these versions already is used as it is
#   pristine/     the seeded database, and people.json that says whom it holds
#
# Exit status: 0 installed, 1 something failed (the words before it say what).
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=${SUDARE_TRYTON:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/tryton}
log=$root/test-install.log

packages=(trytond==8.0.12 trytond_party==8.0.4 trytond_country==8.0.0 werkzeug==3.1.9)
# Changes whenever a script or a version above changes, so that an older database is never taken for
# the one that the tests expect. The people are those of the other CRM's tests.
people=$here/../creme/people.py
stamp=$( { echo "${packages[*]}"; cat "$people" "$here/seed.py"; } | sha256sum | cut -c1-16)

say() { printf 'tryton: %s\n' "$*" >&2; }
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
if [ "$(cat "$root/pristine/stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$root/venv/bin/trytond" ]; then
    say "already installed in $root"
    exit 0
fi
: >"$log"

debian() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
}
if [ ! -x "$root/venv/bin/python" ]; then
    python=/usr/bin/python3
    [ -x "$python" ] || python=$(command -v python3) || die "python3 is missing"
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        command -v apt-get >/dev/null || die "install by hand: python3-venv"
        [ "$(id -u)" -eq 0 ] || die "apt-get needs root; run: sudo apt-get install python3-venv"
        step "1/4 installing python3-venv" debian python3-venv
    fi
    step "1/4 making a virtual environment" "$python" -m venv "$root/venv"
else
    say "1/4 the virtual environment is there"
fi
step "2/4 installing ${packages[*]} with pip" "$root/venv/bin/pip" install --disable-pip-version-check "${packages[@]}"

# The database is built beside the pristine one and takes its place when it is whole.
build=$root/build; rm -rf "$build"; mkdir -p "$build"
: >"$build/crm.sqlite"
printf '[database]\nuri = sqlite://\npath = %s\n' "$build" >"$build/trytond.conf"
printf 'admin-pw-Tryton1\n' >"$build/pass"
export TRYTONPASSFILE=$build/pass
admin=("$root/venv/bin/trytond-admin" -c "$build/trytond.conf" -d crm)
step "3/4 making the database" "${admin[@]}" --all --email admin@staff.example.org -l en
step "3/4 activating the party module" "${admin[@]}" -u party --activate-dependencies
step "4/4 seeding parties" "$root/venv/bin/python" "$here/seed.py" "$build/trytond.conf" "$people" "$build/people.json"
# One file is copied for each run, so nothing may be left beside it.
"$root/venv/bin/python" - "$build/crm.sqlite" <<'PYTHON' || die "the database cannot be made one file"
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute('pragma wal_checkpoint(truncate)')
base.execute('pragma journal_mode = delete')
PYTHON

echo "$stamp" >"$build/stamp"
rm -rf "$root/pristine"; mkdir "$root/pristine"
mv "$build/crm.sqlite" "$build/people.json" "$build/stamp" "$root/pristine/"
say "installed in $root"
