#!/bin/sh
# Runs guest tests in several ways that must not matter, and compares what they print and count:
# same.sh TRAPLINE ELF_DIR [TEST...]
#
# Ways: again, and blocks of at most 1 and 7 instructions, by the digest of the whole machine; the TLB
# model looked up on every access, by the statistics, its own count of lookups left out. One line a
# run; status 1 when anything differs. GUEST_OPTIONS: more options for every run. That the tests pass is run.sh's business.
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 2 ]; then
	echo "usage: same.sh TRAPLINE ELF_DIR [TEST...]" >&2
	exit 2
fi
emulator=$(realpath -s "$1")
elfs=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- $(cd "$here" && grep -l '/\* run:' ./*.c | sed 's|^\./||; s|\.c$||')

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

# run TEST OPTION...: the console, and what the options add to it
run() {
	case $1 in
	*_raw) image=$elfs/$1.bin ;;
	*) image=$elfs/$1.elf ;;
	esac
	source=$here/$1.c
	shift
	rm -rf "$dir/run" && mkdir "$dir/run" && cd "$dir/run" || exit 2
	# shellcheck disable=SC2046  # words
	timeout "${GUEST_TIMEOUT:-120}" "$emulator" "$@" $GUEST_OPTIONS $(sed -n 's|^/\* ours: \(.*\) \*/.*|\1|p' "$source") -m 256 -nographic -nodefaults -serial stdio \
		-no-reboot -semihosting-config enable=on,target=native -kernel "$image" </dev/null 2>&1
}

statistics() {
	run "$@" -stats "$dir/stats"
	grep -v '^# command\|\.l1[id]_model \|\.l1[id]_hit_model\.' "$dir/stats/stats.txt"
}

# same WHAT A B: compares two files
same() {
	cmp -s "$2" "$3" && return
	echo "FAIL $1:"
	diff "$2" "$3" | head -n 20 | sed 's/^/     /'
	status=1
}

for name; do
	sed -n 's|^/\* run: \(.*\) \*/.*|\1|p' "$here/$name.c" >"$dir/runs"
	# shellcheck disable=SC2086  # the options are words
	while read -r options; do
		run "$name" $options -digest >"$dir/want"
		for way in "" "-max-block 1" "-max-block 7"; do
			run "$name" $options $way -digest >"$dir/got"
			same "$name ($options $way)" "$dir/want" "$dir/got"
		done
		statistics "$name" $options >"$dir/want"
		statistics "$name" $options -tlb-reference >"$dir/got"
		same "$name ($options -tlb-reference)" "$dir/want" "$dir/got"
		echo "done $name ($options)"
	done <"$dir/runs"
done
exit $status
