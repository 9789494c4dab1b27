#!/bin/sh
# Compares cpu/fpu.h with an AArch64 reference: fpu.sh [COUNT [SEED]]
# QEMU_AARCH64 (default qemu-aarch64) runs the guest half, CROSS (default aarch64-linux-gnu-)
# builds it.
set -eu
count=${1:-1000000}
seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"${CROSS:-aarch64-linux-gnu-}gcc" -O1 -static -march=armv8.2-a+fp16 -o "$tmp/guest" \
	"$here/fpu_guest.c"
"${CC:-cc}" -std=gnu11 -O2 -ffp-contract=off -frounding-math -I"$root" -I"$here" -o "$tmp/host" \
	"$here/fpu_host.c" "$root"/cpu/fpu.c "$root"/cpu/fpu_*.c
"$tmp/host" make "$seed" "$count" >"$tmp/cases"
"${QEMU_AARCH64:-qemu-aarch64}" -cpu max "$tmp/guest" <"$tmp/cases" >"$tmp/answers"
"$tmp/host" check "$tmp/cases" "$tmp/answers"
