#!/bin/bash
# moto: a stand-in for AWS KMS by others (from PyPI, into an environment of its own). A second run does nothing.
#
#   bash tests/keys/install.sh
#
# It goes into $SUDARE_MOTO, else $XDG_CACHE_HOME/sudare/moto, else ~/.cache/sudare/moto
# Exit status: 0 installed, 1 something failed (the words before it say what).
set -euo pipefail
version=5.2.5
root=${SUDARE_MOTO:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/moto}
if [ "$(cat "$root/version" 2>/dev/null)" = "$version" ] && [ -x "$root/bin/moto_server" ]; then
  echo "keys: moto is there" >&2
  exit 0
fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  command -v apt-get >/dev/null || { echo "keys: install by hand: python3-venv" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi
rm -rf "$root"
python3 -m venv "$root"
"$root/bin/pip" install --quiet --disable-pip-version-check "moto[server]==$version"
echo "$version" >"$root/version"
