#!/usr/bin/env bash
# What counting costs: host instructions of whole boots, of a build as it is and of one with -DTRAPLINE_NO_COUNTERS=ON, counted by
# Valgrind's cachegrind (which needs no performance counters and gives the same number again, whatever else runs).
#
# usage: counting.sh IMAGES EMULATOR EMULATOR_WITHOUT [SCENARIO...]     default: linux-bench xen
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 3 ]; then
	sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
	exit 2
fi
images=$1 with=$(realpath "$2") without=$(realpath "$3")
shift 3
[ $# -gt 0 ] || set -- linux-bench xen
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# instructions EMULATOR SCENARIO
instructions() {
	printf '#!/bin/sh\nexec valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file=%s/log %s "$@"\n' \
		"$work" "$1" >"$work/emulator"
	chmod +x "$work/emulator"
	BOOT_LOGS=$work BOOT_LIMIT=3600 BOOT_COMPARE=no "$here/../tests/boot/boot.sh" "$images" "$work/emulator" "$2" >&2
	awk '/I *refs/ { gsub(",", "", $NF); print $NF }' "$work/log"
}

for scenario; do
	a=$(instructions "$with" "$scenario")
	b=$(instructions "$without" "$scenario")
	awk -v s="$scenario" -v a="$a" -v b="$b" \
		'BEGIN { printf "%s: %.0f million with counters, %.0f without: %+.2f %%\n", s, a / 1e6, b / 1e6, 100 * (a / b - 1) }'
done
