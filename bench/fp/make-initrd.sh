#!/usr/bin/env bash
# Builds the workloads and puts them behind the initrd of tests/boot/make-images.sh as a second archive (Linux unpacks one after
# the other): IMAGES/initrd-fp.gz. With rdinit=/fp/init, /fp/init runs the workload that follows "--" on the command line, or none.
#
# usage: make-initrd.sh IMAGES
# CROSS (default aarch64-linux-gnu-) is the compiler's prefix.
set -euo pipefail

[ $# = 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
images=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir "$root/fp"
for workload in matmul fft conv; do
	"${CROSS:-aarch64-linux-gnu-}gcc" -O2 -static -Wall -Wextra -o "$root/fp/$workload" "$here/$workload.c" -lm
done
cat >"$root/fp/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
echo "GUEST-UP $(uname -r)"
if [ $# -gt 0 ]; then "/fp/$@"; fi
echo GUEST-DONE
poweroff -f
INIT
chmod +x "$root/fp/init"
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find fp | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc | gzip -n -1) |
	cat "$images/initrd.gz" - >"$images/initrd-fp.gz"
