#!/bin/bash
# Tools that tests call: promtool, systemd-analyze, ip, curl, h2load, SoftHSM2. A second run does nothing.
set -euo pipefail
missing=()
command -v promtool >/dev/null || missing+=(prometheus)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v h2load >/dev/null || missing+=(nghttp2-client)
command -v ip >/dev/null || missing+=(iproute2)
command -v curl >/dev/null || missing+=(curl)
[ -e /usr/lib/softhsm/libsofthsm2.so ] || missing+=(softhsm2)
[ ${#missing[@]} -gt 0 ] || { echo "deploy: the tools are there" >&2; exit 0; }
command -v apt-get >/dev/null || { echo "deploy: install by hand: ${missing[*]}" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
# The server itself is not wanted, only its tools: nothing may start.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
