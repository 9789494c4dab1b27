#!/usr/bin/env bash
# Whether one scenario is the same run however it is run: twice the same command; blocks of at most 1 and 7 instructions; and,
# for all counters, the fast TLB against the reference mode, with the default geometry and with the A53's ten entries.
#
# usage: same.sh IMAGES EMULATOR SCENARIO [tlb]     tlb: the counters with ten entries alone
set -u
here=$(cd "$(dirname "$0")" && pwd)
images=$1
emulator=$2
scenario=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
a53="--tlb l1i=10,l1d=10,main=512:4,walk=64:4,ipa=64:4"
status=0

# run NAME OPTION...: console, statistics and digest into $work/NAME
run() {
	local name=$1 code=0
	shift
	mkdir "$work/$name"
	BOOT_LOGS=$work/$name BOOT_COMPARE=no BOOT_OPTIONS="--digest --stats $work/stats $*" \
		"$here/boot.sh" "$images" "$emulator" "$scenario" >"$work/$name/result" || code=$?
	[ $code != 77 ] || exit 77
	if [ $code != 0 ]; then
		cat "$work/$name/result"
		status=1
	fi
	mv "$work/stats" "$work/$name/" && rm -f "$work/$name/stats/host.json" # dates and seconds
}

digest() {
	sed -n 's/^digest //p' "$work/$1/$scenario"
}

# verdict STATUS SENTENCE
verdict() {
	if [ "$1" = 0 ]; then echo "ok   $2"; else echo "FAIL $2"; status=1; fi
}

same_digest() {
	[ -n "$(digest "$1")" ] && [ "$(digest "$1")" = "$(digest "$2")" ]
	verdict $? "$1 and $2: same end digest"
}

# All statistics but the reference mode's own lookups.
counters() {
	grep -v '^#' "$work/$1/stats/stats.txt" | grep -vE '\.l1[id](_hit)?_model[. ]'
}

same_counters() {
	[ -n "$(counters "$1")" ] && diff <(counters "$1") <(counters "$2")
	verdict $? "$1 and $2: same counters"
}

# The reference mode looked up exactly what was counted.
model_is_counted() {
	awk '/\.asid\./ { next } /\.[id]_lookup / { sub(/_lookup/, "", $1); n[$1] = $2 }
		/\.l1[id]_model / { sub(/\.l1/, ".", $1); sub(/_model/, "", $1); m[$1] = $2 }
		END { for (k in n) { seen++; if (n[k] != m[k]) { print k, n[k], m[k]; bad = 1 } }
			exit bad || !seen }' "$work/$1/stats/stats.txt"
	verdict $? "$1: as many lookups made as counted"
}

# Sums over contexts, exits, returns and parts, in one run's file.
adds_up() {
	python3 "$here/../lint/statistics.py" agree "$work/$1/stats"
	verdict $? "$1: its counters add up"
}

# Twice, and with blocks of other sizes.
runs_alike() {
	run again
	diff -r "$work/first" "$work/again" --exclude=result >/dev/null
	verdict $? "twice the same command: same console and statistics bytes"
	run block-1 --max-block 1
	same_digest first block-1
	run block-7 --max-block 7
	same_digest first block-7
}

if [ "${4:-}" != tlb ]; then
	run first
	adds_up first
	runs_alike
	run reference --tlb-reference
	same_counters first reference
	model_is_counted reference
fi
run a53 "$a53"
run a53-reference "$a53" --tlb-reference
adds_up a53
same_counters a53 a53-reference
model_is_counted a53-reference
exit $status
