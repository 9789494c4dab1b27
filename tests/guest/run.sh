#!/bin/sh
# Runs bare-metal guest tests: run.sh EMULATOR ELF_DIR [TEST...]
#
# Each `run:` comment of TEST.c is one run, with those options, of TEST.elf, or of TEST.bin for *_raw. `ours-alone:` names the reason why
# QEMU is no reference for the file; it is skipped there. `stats: NAME VALUE` (one a comment) is a
# line that Trapline's --stats must have. `ours: OPTIONS` are more options that QEMU does not get. A run's current folder is an
# empty one. GUEST_OPTIONS: more options for every run, without such lines then.
# One line a run; status 1 when any failed. GUEST_VERBOSE=1 shows the output of every run,
# GUEST_ALL=1 skips nothing.
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 2 ]; then
	echo "usage: run.sh EMULATOR ELF_DIR [TEST...]" >&2
	exit 2
fi
emulator=$(command -v "$1" || echo "$1")
emulator=$(realpath -s "$emulator")
elfs=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- $(cd "$here" && grep -l '/\* run:' ./*.c | sed 's|^\./||; s|\.c$||')

output=$(mktemp)
trap 'rm -rf "$output" "$output.stats" "$output.dir"' EXIT
status=0

# wrong_stats NAME: the lines of NAME.c that stats.txt does not have
wrong_stats() {
	sed -n 's|^/\* stats: \(.*\) \*/.*|\1|p' "$here/$1.c" | while read -r row value; do
		got=$(awk -v row="$row" '$1 == row { print $2 }' "$output.stats/stats.txt")
		[ "$got" = "$value" ] || echo "     $row is ${got:-missing}, must be $value"
	done
}

# one NAME OPTIONS
one() {
	case $1 in
	*_raw) image=$elfs/$1.bin ;;
	*) image=$elfs/$1.elf ;;
	esac
	stats=
	[ -z "$check_stats" ] || stats="--stats $output.stats"
	rm -rf "$output.dir" && mkdir "$output.dir" && cd "$output.dir" || exit 2
	# shellcheck disable=SC2086  # the options are words
	timeout "${GUEST_TIMEOUT:-60}" "$emulator" $2 $ours $GUEST_OPTIONS $stats -m 256 -nographic -nodefaults -serial stdio \
		-no-reboot -semihosting-config enable=on,target=native \
		-kernel "$image" </dev/null >"$output" 2>&1
	code=$?
	last=$(tail -n 1 "$output")
	wrong=
	[ -z "$stats" ] || wrong=$(wrong_stats "$1")
	[ -z "$wrong" ] || last="wrong statistics"
	case "$code $last" in
	"0 wrong"*) echo "FAIL $1 ($2): statistics"; echo "$wrong"; status=1 ;;
	"0 PASS "*) echo "ok   $1 ($2): $last" ;;
	"124 "*) echo "FAIL $1 ($2): timeout"; sed 's/^/     /' "$output"; status=1 ;;
	*) echo "FAIL $1 ($2): exit $code"; sed 's/^/     /' "$output"; status=1 ;;
	esac
	[ -z "$GUEST_VERBOSE" ] || cat "$output"
}

for name; do
	source=$here/$name.c
	ours=
	case $(basename "$emulator") in
	qemu*) excuse=$(awk '/^\/\* ours-alone: / { on = 1 }
			on { sub(/^\/\* ours-alone: | \* /, ""); done = sub(/ *\*\/.*/, ""); print }
			done { exit }' "$source" | tr '\n' ' ') ;;
	*) excuse= ours=$(sed -n 's|^/\* ours: \(.*\) \*/.*|\1|p' "$source") ;;
	esac
	check_stats=
	case $(basename "$emulator") in
	qemu*) ;;
	*) [ -z "$GUEST_OPTIONS" ] && grep -q '^/\* stats: ' "$source" && check_stats=y ;;
	esac
	if [ -n "$excuse" ] && [ -z "$GUEST_ALL" ]; then
		echo "skip $name: $excuse"
		continue
	fi
	sed -n 's|^/\* run: \(.*\) \*/.*|\1|p' "$source" >"$output.runs"
	while read -r options; do
		one "$name" "$options"
	done <"$output.runs"
	rm -f "$output.runs"
done
exit $status
