#!/bin/bash
# pyarrow and DuckDB: other people's readers of Parquet and CSV (from PyPI, into an environment of their own). A second run does nothing.
#
#   bash tests/readers/install.sh
#
# It goes into $SUDARE_READERS, else $XDG_CACHE_HOME/sudare/readers, else ~/.cache/sudare/readers
# Exit status: 0 installed, 1 something failed (the words before it say what).
set -euo pipefail
version="26.0.1 2.0.0"
root=${SUDARE_READERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sudare/readers}
if [ "$(cat "$root/version" 2>/dev/null)" = "$version" ] && [ -x "$root/bin/python" ]; then
  echo "readers: pyarrow and DuckDB are there" >&2
  exit 0
fi
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  command -v apt-get >/dev/null || { echo "readers: install by hand: python3-venv" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi
rm -rf "$root"
python3 -m venv "$root"
"$root/bin/pip" install --quiet --disable-pip-version-check "pyarrow==${version% *}" "duckdb==${version#* }"
echo "$version" >"$root/version"
