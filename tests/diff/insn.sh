#!/bin/sh
# Executes random programs on our engine and on an AArch64 reference and compares: insn.sh HOST one|sweep|chain COUNT SEED [NAME]
#   one     every row of the instruction table (whose name starts with NAME) on COUNT operand sets at least, each with a state of its own
#   sweep   the same in loops over hundreds of sets, which is twenty times as fast
#   chain   COUNT runs of short programs of any instructions
# HOST: insn_host of the release build (build/release/tests/diff/insn_host). QEMU_AARCH64 (default qemu-aarch64) runs the reference half as
# core QEMU_CPU (default neoverse-n1, which is the one that insn_pe.c has), CROSS (default aarch64-linux-gnu-) builds it. JOBS (default 1)
# processes share the work; the result is the same with any number.
set -eu
host=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
qemu=${QEMU_AARCH64:-qemu-aarch64}
cc=${CROSS:-aarch64-linux-gnu-}gcc
for program in "$qemu" "$cc"; do
	command -v "$program" >/dev/null || {
		echo "insn.sh: $program not found"
		exit 77
	}
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# away from the low addresses that programs make up
"$cc" -O1 -static -Wl,-Ttext-segment=0x6f5b000000 -o "$tmp/guest" "$here/insn_guest.c"
"$host" --jobs "${JOBS:-1}" "$qemu" -cpu "${QEMU_CPU:-neoverse-n1}" "$tmp/guest" -- "$@"
