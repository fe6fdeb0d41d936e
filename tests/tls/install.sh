#!/bin/bash
# Scanners of TLS: testssl.sh (Debian's package) and sslyze (from PyPI, into an environment of its own). A second run
# does nothing.
#
#   bash tests/tls/install.sh
#
# sslyze goes into $SUDARE_SSLYZE, else $XDG_CACHE_HOME/sudare/sslyze, else ~/.cache/sudare/sslyze
# Exit status: 0 installed, 1 something failed (the words before it say what).
set -euo pipefail
version=6.3.1
root=${SUDARE_SSLYZE:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/sslyze}
missing=()
command -v testssl >/dev/null || command -v testssl.sh >/dev/null || missing+=(testssl.sh)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "tls: install by hand: ${missing[*]}" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ "$(cat "$root/version" 2>/dev/null)" = "$version" ] && [ -x "$root/bin/sslyze" ]; then
  echo "tls: the scanners are there" >&2
  exit 0
fi
rm -rf "$root"
python3 -m venv "$root"
"$root/bin/pip" install --quiet --disable-pip-version-check "sslyze==$version"
echo "$version" >"$root/version"
