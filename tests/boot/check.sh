#!/usr/bin/env bash
# Whether the TLB checker finds nothing (or what docs/tlb-checker.md explains) in a boot, and changes nothing that is counted but its own rows.
#
# usage: check.sh IMAGES EMULATOR SCENARIO [same|KIND]     same: run without the checker, too, and compare all other statistics
#                                                          KIND: the one finding that is expected
set -u
here=$(cd "$(dirname "$0")" && pwd)
images=$1
emulator=$2
scenario=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run NAME OPTION...: console and statistics into $work/NAME
run() {
	local name=$1 code=0
	shift
	BOOT_LOGS=$work/$name BOOT_COMPARE=no BOOT_OPTIONS="--stats $work/$name.stats $*" "$here/boot.sh" "$images" "$emulator" "$scenario" || code=$?
	[ $code = 0 ] || exit $code
}

# What the guest's world counted.
counters() {
	grep -v '^#\|^check\.' "$work/$1.stats/stats.txt"
}

run checked --check tlb
what=${4:-}
expected=
if [ -n "$what" ] && [ "$what" != same ]; then expected="$what=1"; fi
findings=$(awk '/^check\.tlb\./ && $1 != "check.tlb.writes" { n++; sub(/.*\./, "", $1); if ($2) print $1 "=" $2 } END { if (n < 6) print "rows=" n }' \
	"$work/checked.stats/stats.txt")
grep -a '^check: ' "$work/checked/$scenario"
if [ "$findings" != "$expected" ]; then
	echo "FAIL $scenario: findings of the TLB checker: '$findings', expected '$expected'"
	exit 1
fi
echo "ok   $scenario: the TLB checker found ${expected:-nothing}"
if [ "$what" = same ]; then
	run plain
	if ! diff <(counters plain) <(counters checked); then
		echo "FAIL $scenario: other statistics with the checker"
		exit 1
	fi
	echo "ok   $scenario: the same statistics"
fi
