#!/usr/bin/env bash
# Whether a run that goes on from a snapshot is the run that was saved: once whole, once saved on the way, once restored from there. The
# end digests must be the same, the counters too, and what the restored run says must be how the whole one ends.
#
# usage: snapshot.sh IMAGES EMULATOR SCENARIO [WHEN [OPTION...]]
#   WHEN     as --save-at takes it; after "console:TEXT" the restored run's console begins. Default: half of all instructions.
#   OPTION   for all three runs; with --parallel, where no two runs are alike, the restored one must only end well
# Prints the row of docs/snapshots.md: scenario, instructions at the snapshot and in all, MiB of the file, seconds of the three runs.
# Status 77 when an image is not there.
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 3 ]; then
	sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
	exit 2
fi
images=$1
emulator=$2
scenario=$3
when=${4:-}
shift $(($# < 4 ? $# : 4))
# shellcheck source=tests/boot/scenarios.sh
. "$here/scenarios.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
exact=yes
[[ " $* " == *" --parallel "* ]] && exact=no

BOOT_LOGS=$work
export BOOT_LOGS
scenario "$images" "$scenario" || { echo "snapshot.sh: no scenario $scenario" >&2; exit 2; }
for file in "${needs[@]}"; do
	[ -s "$images/$file" ] && continue
	echo "snapshot.sh: no $images/$file (make-images.sh builds it)" >&2
	exit 77
done
if [ -n "$prepare" ] && ! "$here/$prepare" "$images" "$work" "$emulator" "${options[@]}"; then
	exit 1
fi
options+=(--digest "$@")

# run NAME OPTION...: console with digest, statistics and seconds into $work/NAME.*
run() {
	local name=$1 start=${EPOCHREALTIME/[.,]/} code
	shift
	timeout "${BOOT_LIMIT:-900}" "$emulator" "${options[@]}" --stats "$work/$name.stats" "$@" </dev/null >"$work/$name" 2>"$work/$name.err"
	code=$?
	printf '%d.%01d' $(((${EPOCHREALTIME/[.,]/} - start) / 1000000)) $((((${EPOCHREALTIME/[.,]/} - start) / 100000) % 10)) >"$work/$name.seconds"
	if [ $code != 0 ]; then
		echo "FAIL $scenario: $name: exit status $code"
		tail -n 3 "$work/$name" "$work/$name.err"
		exit 1
	fi
}

wrong() {
	echo "FAIL $scenario: $*"
	status=1
}

same() {
	cmp "$work/$1" "$work/$2" >&2 || wrong "$3"
}

digest() {
	sed -n 's/^digest //p' "$work/$1"
}

insns() {
	sed -n 's/^1,total,,[0-9]*,total,,,,,insns,instruction,//p' "$work/whole.stats/stats.csv"
}

# alike NAME: its counters are those of the whole run
alike() {
	same "whole.stats/stats.csv" "$1.stats/stats.csv" "$1: other counters"
	same "whole.stats/stats.json" "$1.stats/stats.json" "$1: other counters"
	diff <(grep -v '^# command' "$work/whole.stats/stats.txt") <(grep -v '^# command' "$work/$1.stats/stats.txt") >&2 ||
		wrong "$1: other counters"
	if [ -z "$(digest whole)" ] || [ "$(digest whole)" != "$(digest "$1")" ]; then
		wrong "$1: another digest"
	fi
}

run whole
all=$(insns)
at=${when:-$((all / 2))}
run saved --save-at "$at,$work/snapshot"
[ -s "$work/snapshot" ] || { wrong "no snapshot: $(cat "$work/saved.err")"; exit 1; }
run restored --restore "$work/snapshot"
if [ $exact = yes ]; then
	same whole saved "the run that was saved says something else"
	alike saved
	alike restored
	size=$(stat -c %s "$work/restored")
	cmp <(tail -c "$size" "$work/whole") "$work/restored" >&2 || wrong "the restored run says something else"
	case $at in
	console:*)
		text=${at#console:}
		head -c -"$size" "$work/whole" >"$work/before"
		[ "$(tail -c "${#text}" "$work/before")" = "$text" ] || wrong "the restored run does not begin behind '$text'"
		[ "$(grep -aoF "$text" "$work/before" | wc -l)" = 1 ] || wrong "'$text' was said before"
		;;
	esac
fi
[ $status = 0 ] && printf '%s | %s of %d M | %d.%d | %s, %s, %s\n' "$scenario" "$([ -n "$when" ] && echo "$when" || echo $((at / 1000000)))" \
	$((all / 1000000)) $(($(stat -c %s "$work/snapshot") * 10 / 1048576 / 10)) $(($(stat -c %s "$work/snapshot") * 10 / 1048576 % 10)) \
	"$(cat "$work/whole.seconds")" "$(cat "$work/saved.seconds")" "$(cat "$work/restored.seconds")"
exit $status
