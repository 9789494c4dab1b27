#!/usr/bin/env bash
# Boots scenarios over and over, for what does not fail each time: N runs of each, with --parallel (or BOOT_OPTIONS).
#
# usage: repeat.sh N IMAGES EMULATOR SCENARIO...
# Prints what failed and how many of N passed; consoles of failed runs stay in boot-logs (BOOT_LOGS).
set -u
[ $# -ge 4 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
n=$1
images=$2
emulator=$3
shift 3
logs=${BOOT_LOGS:-boot-logs}
status=0
for scenario; do
	passed=0
	for ((i = 1; i <= n; i++)); do
		run=$logs/$scenario-$i
		if BOOT_LOGS=$run BOOT_COMPARE=no BOOT_OPTIONS=${BOOT_OPTIONS---parallel} \
			"$here/boot.sh" "$images" "$emulator" "$scenario" >"$logs.result" 2>&1; then
			passed=$((passed + 1))
			rm -rf "$run"
		else
			echo "run $i:" && cat "$logs.result"
		fi
		rm -f "$logs.result"
	done
	echo "$scenario: $passed of $n passed"
	[ "$passed" = "$n" ] || status=1
done
exit $status
