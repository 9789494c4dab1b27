#!/bin/sh
# Compares the FP and Advanced SIMD encoding space with an AArch64 reference: words.sh [COUNT [SEED]]
# QEMU_AARCH64 (default qemu-aarch64) runs the guest half as core QEMU_CPU (default neoverse-n1: it has the features that
# Trapline models and no others), CROSS (default aarch64-linux-gnu-) builds it.
set -eu
count=${1:-300000}
seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"${CROSS:-aarch64-linux-gnu-}gcc" -O1 -static -o "$tmp/guest" "$here/words_guest.c"
"${CC:-cc}" -std=gnu11 -O2 -fno-strict-aliasing -ffp-contract=off -frounding-math ${CFLAGS:-} -I. -I"$here" \
	-o "$tmp/host" "$here/words_host.c" cpu/exec_fp*.c cpu/exec_simd*.c cpu/exec_crypto.c cpu/crypto_*.c \
	cpu/exec_int.c cpu/fpu.c cpu/fpu_*.c -lnettle
"$tmp/host" make "$seed" "$count" >"$tmp/cases"
"${QEMU_AARCH64:-qemu-aarch64}" -cpu "${QEMU_CPU:-neoverse-n1}" "$tmp/guest" <"$tmp/cases" >"$tmp/answers"
"$tmp/host" check "$tmp/cases" "$tmp/answers"
