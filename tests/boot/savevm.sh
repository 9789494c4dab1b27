#!/usr/bin/env bash
# savevm and loadvm of the monitor, --save-at and --restore, with the built-in demo: the same end, files that are the same, and refusals in
# one line.
#
# usage: savevm.sh TRAPLINE
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trapline=$(realpath "$1")
cd "$work" || exit 2
status=0

# says NAME WANT GOT
says() {
	[ "$2" = "$3" ] && return
	printf '%s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
	status=1
}

# monitor <<< commands: what they print
monitor() {
	timeout 60 "$trapline" --demo --digest -serial file:console -monitor stdio -S 2>&1
}

whole=$("$trapline" --demo --digest </dev/null | tail -1)
says "--save-at" "$whole" "$("$trapline" --demo --digest --save-at "console:vm1: ,a" </dev/null | tail -1)"
says "--restore" "$whole" "$("$trapline" --demo --digest --restore a </dev/null | tail -1)"
says "--restore with a trace" "$whole" "$("$trapline" --demo --digest --restore a --tarmac t </dev/null | tail -1)"
says "loadvm" "$whole" "$(monitor <<<$'loadvm a\nsavevm b\nc' | tail -1)"
says "loadvm twice, and savevm" "$whole" "$(monitor <<<$'loadvm b\nstepi 100\nsavevm c\nloadvm b\nstepi 100\nsavevm d\nc' | tail -1)"
cmp c d || status=1
says "loadvm back" "$whole" "$(monitor <<<$'savevm e\nloadvm a\nstepi 5\nloadvm e\nc' | tail -1)"
# blocks behind the snapshot are those of the whole run
intervals=(--stats-interval 20k --stats-start 10k --stats-stop 90k)
"$trapline" --demo "${intervals[@]}" --stats whole --save-at 50k,g </dev/null >/dev/null
"$trapline" --demo "${intervals[@]}" --stats rest --restore g </dev/null >/dev/null
rows=$(($(wc -l <rest/stats.csv) - 1))
[ $rows -gt 1000 ] && grep -q ",region,10k," rest/stats.csv && cmp <(tail -n $rows whole/stats.csv) <(tail -n $rows rest/stats.csv) || status=1
head -c 5000 a >cut.snap
says "a cut file" "error: snapshot cut.snap: it is cut off: expected $(stat -c %s a) bytes, got 5000" "$(monitor <<<$'loadvm cut.snap\nquit' | sed -n 2p)"
says "another machine" "trapline: snapshot a: -m: it is of '128M', this machine has '256M'" "$("$trapline" --demo -m 256 --restore a 2>&1 </dev/null | tail -1)"
echo foreign >foreign
says "another file" "error: snapshot foreign: a file that is no snapshot is there, and stays" "$(monitor <<<$'savevm foreign\nquit' | sed -n 2p)"
says "it stays" "foreign" "$(cat foreign)"
says "no folder" "error: snapshot nowhere/a: cannot create: No such file or directory" "$(monitor <<<$'savevm nowhere/a\nquit' | sed -n 2p)"
says "a run that is too short" "--save-at: 1000M: the run ended before" "$("$trapline" --demo --save-at 1000M,f 2>&1 >/dev/null </dev/null)"
if mkdir full && mount -t tmpfs -o size=8k none full 2>/dev/null; then # where that is allowed
	head -c 100 a >full/a
	says "a full disk" "error: snapshot full/a: cannot write: No space left on device" "$(monitor <<<$'savevm full/a\nquit' | sed -n 2p)"
	says "the old file" "a" "$(ls full)"
	cmp full/a <(head -c 100 a) || status=1
	umount full
fi
exit $status
