#!/bin/bash
# Runs the container's root file system without an engine: read-only, as its user, without a
# capability, with its own process tree and a network of its own.
#   tests/deploy/rootfs.sh BINARY FOLDER
# Exit status: 0 it served and stopped in order, 77 this machine does not let us, 1 it did not.
set -euo pipefail
binary=$1
root=$2/root
here=$(dirname "$(readlink -f "$0")")
[ "$(id -u)" = 0 ] || { echo "needs root for a mount namespace"; exit 77; }
for tool in curl ip setpriv; do
  command -v $tool >/dev/null || { echo "needs $tool"; exit 77; }
done
unshare --mount --pid --net --fork true 2>/dev/null || { echo "no namespaces here"; exit 77; }

bash "$here/../../deploy/container/rootfs" "$binary" "$root"
cp -r "$here/../../deploy/compose/etc/." "$root/etc/sudare/"
chmod -R go+rX "$root/etc/sudare"
mkdir -p "$root/proc"

export root
unshare --mount --pid --net --fork --mount-proc bash -euo pipefail <<'WITHIN'
ip link set lo up
mount --bind "$root" "$root"
mount -t tmpfs -o mode=0700,uid=65532,gid=65532 state "$root/var/lib/sudare"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root"
sudare=(setpriv --no-new-privs chroot --userspec=65532:65532 --groups=65532 "$root" /usr/bin/sudare)
log=$(dirname "$root")/log

"${sudare[@]}" serve -c /etc/sudare/gateway.yaml 2>"$log" &
served=$!
for _ in $(seq 1 300); do
  curl -s -o /dev/null http://127.0.0.1:9901/readyz && break
  kill -0 $served 2>/dev/null || { cat "$log"; exit 1; }
  sleep 0.1
done
curl -s http://127.0.0.1:9901/readyz
# Nobody is let in, and that is on record.
told=$(curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:8080/persons/contacts)
[ "$told" = 401 ] || { echo "the page said $told"; exit 1; }
kill -TERM $served
wait $served || { echo "it did not stop in order"; cat "$log"; exit 1; }
"${sudare[@]}" ledger verify --state /var/lib/sudare && echo verified
WITHIN
