#!/bin/sh
# Compares every data-processing instruction with an AArch64 reference: insn.sh BUILD_DIR [COUNT [SEED [NAME]]]
# BUILD_DIR holds libcpu.a. QEMU_AARCH64 (default qemu-aarch64) runs the guest half as core QEMU_CPU (default
# neoverse-n1: the features that Trapline models and no others), CROSS (default aarch64-linux-gnu-) builds it.
set -eu
build=$1
count=${2:-200}
seed=${3:-1}
name=${4:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"${CROSS:-aarch64-linux-gnu-}gcc" -O1 -static -Wl,--no-warn-rwx-segments -o "$tmp/guest" "$here/insn_guest.c"
"${CC:-cc}" -std=gnu11 -O2 -fno-strict-aliasing ${CFLAGS:-} -I"$root" -I"$here" -o "$tmp/host" "$here/insn_host.c" "$build/libcpu.a" \
	"$build/libmmu.a" "$build/libbase.a" -lnettle -lm
"$tmp/host" make "$seed" "$count" "$name" >"$tmp/cases"
"${QEMU_AARCH64:-qemu-aarch64}" -cpu "${QEMU_CPU:-neoverse-n1}" "$tmp/guest" <"$tmp/cases" >"$tmp/answers"
"$tmp/host" check "$tmp/cases" "$tmp/answers"
