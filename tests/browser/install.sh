#!/bin/bash
# Installs the browser that the end-to-end tests drive: Debian's Chromium and its
# WebDriver. Does nothing where both stand already.
#
#   bash tests/browser/install.sh
#
# Exit status: 0 both are there, 1 they could not be installed.
set -euo pipefail

say() { printf 'browser: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
    say "already there: $(chromium --version 2>/dev/null | head -1)"
    exit 0
fi

command -v apt-get >/dev/null || die "this script knows apt-get alone; install chromium and chromedriver by hand"
[ "$(id -u)" -eq 0 ] || die "apt-get needs root; run: sudo apt-get install chromium chromium-driver"

say "installing chromium and chromium-driver (some 100 MB)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || die "apt-get update failed; is the package mirror reachable"
apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-ipafont-gothic >/dev/null \
    || die "apt-get could not install chromium and chromium-driver"

command -v chromedriver >/dev/null || die "chromedriver is still missing after the install"
say "done: $(chromium --version 2>/dev/null | head -1)"
