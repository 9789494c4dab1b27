#!/usr/bin/env bash
# Boots scenarios (default: all) and checks each: exit status 0, the expressions below found, no WARN, BUG or panic, and a
# console that is golden/SCENARIO.txt but for what allowed.txt lists (compare.py).
#
# usage: boot.sh IMAGES EMULATOR [SCENARIO...]     any emulator that takes QEMU's command line; consoles go to $BOOT_LOGS
#   BOOT_LOGS=DIR      where consoles go (default ./boot-logs)
#   BOOT_LIMIT=S       seconds for one scenario (default 600)
#   BOOT_COMPARE=no    leave the comparison out (for other emulators)
#   BOOT_OPTIONS=...   more options for every scenario
# Status 77 when an image is not there.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/boot/scenarios.sh
. "$here/scenarios.sh"
if [ $# -lt 2 ]; then
	sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
	exit 2
fi
images=$1
emulator=$2
shift 2
logs=${BOOT_LOGS:-boot-logs}
mkdir -p "$logs"
passed=0
failed=0

bad='Kernel panic|Xen BUG|Internal error|WARNING: CPU|BUG:'

# missing CONSOLE 'regex;regex;...': prints the expressions that the console has not
missing() {
	local IFS=';' want
	for want in $2; do
		grep -aqE "$want" "$1" || printf ' [missing: %s]' "$want"
	done
	grep -aqE "$bad" "$1" && printf ' [a WARN, BUG or panic]'
}

# have FILE...: leaves with status 77 when one is not among the images
have() {
	local file
	for file; do
		[ -s "$images/$file" ] && continue
		echo "boot.sh: no $images/$file (make-images.sh builds it)" >&2
		exit 77
	done
}

# boot NAME: of what scenario() set
boot() {
	local name=$1 start=${EPOCHREALTIME/[.,]/} wrong status seconds
	have "${needs[@]}"
	if [ -n "$prepare" ] && ! "$here/$prepare" "$images" "$logs" "$emulator" "${options[@]}"; then
		printf '%-12s FAIL %s\n' "$name" "$prepare"
		failed=$((failed + 1))
		return
	fi
	# shellcheck disable=SC2086  # BOOT_OPTIONS are words
	timeout "${BOOT_LIMIT:-600}" "$emulator" "${options[@]}" ${BOOT_OPTIONS:-} </dev/null >"$logs/$name" 2>&1
	status=$?
	seconds=$((${EPOCHREALTIME/[.,]/} - start))
	wrong=$(missing "$logs/$name" "$want")
	[ $status = 0 ] || wrong="$wrong [exit status $status]"
	if [ "${BOOT_COMPARE:-yes}" != no ] && ! "$here/compare.py" "$name" "$logs/$name" >"$logs/$name.diff"; then
		wrong="$wrong [differs from golden: $logs/$name.diff]"
	fi
	printf '%-12s %-4s %4d.%02d s%s\n' "$name" "$([ -z "$wrong" ] && echo ok || echo FAIL)" \
		$((seconds / 1000000)) $((seconds / 10000 % 100)) "$wrong"
	if [ -z "$wrong" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

[ $# -gt 0 ] || set -- "${scenarios[@]}"
for name; do
	if ! scenario "$images" "$name"; then
		echo "boot.sh: no scenario $name" >&2
		exit 2
	fi
	boot "$name"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
