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

board=(-M "virt,virtualization=on,gic-version=3" -nographic -nodefaults -serial stdio -no-reboot)
linux="console=ttyAMA0 panic=-1"
xen="dom0_mem=1024M dom0_max_vcpus=1 console=dtuart dtuart=/pl011@9000000 noreboot"
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

# boot NAME 'regex;...' OPTION...
boot() {
	local name=$1 want=$2 start=${EPOCHREALTIME/[.,]/} wrong status seconds
	shift 2
	# shellcheck disable=SC2086  # BOOT_OPTIONS are words
	timeout "${BOOT_LIMIT:-600}" "$emulator" "${board[@]}" "$@" ${BOOT_OPTIONS:-} </dev/null >"$logs/$name" 2>&1
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

# on_linux NAME KERNEL CORE PES ARGUMENT 'regex;...'
on_linux() {
	have "$2" initrd.gz
	boot "$1" "$6;GUEST-DONE;Power down" -cpu "$3" -smp "$4" -m 1024 -kernel "$images/$2" \
		-initrd "$images/initrd.gz" -append "$linux$5"
}

# on_xen NAME XEN KERNEL CORE 'regex;...'
on_xen() {
	have "$2" "$3" initrd.gz
	boot "$1" "$5;GUEST-DONE;Hardware Dom0 halted" -cpu "$4" -smp 2 -m 2048 -kernel "$images/$2" -append "$xen" \
		-device "guest-loader,addr=0x49000000,kernel=$images/$3,bootargs=console=hvc0 panic=-1" \
		-device "guest-loader,addr=0x4e000000,initrd=$images/initrd.gz"
}

nvhe='All CPU\(s\) started at EL2;Hyp (nVHE )?mode initialized'
vhe='All CPU\(s\) started at EL2;VHE mode initialized'
# of what the bench makes: 64 MiB of zeros by SHA-256, 32 MiB of zeros by gzip -1
sums='3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351;32585;BENCH-END'

scenario() {
	case $1 in
	linux-a53) on_linux "$1" Image-6.1 cortex-a53 1 "" "$nvhe" ;;
	linux-a57) on_linux "$1" Image-6.1 cortex-a57 1 "" "$nvhe" ;;
	linux-n1) on_linux "$1" Image-6.1 neoverse-n1 1 "" "$vhe" ;;
	linux-smp4) on_linux "$1" Image-6.1 neoverse-n1 4 "" 'SMP: Total of 4 processors;GUEST-UP .* cpus=4' ;;
	linux-bench) on_linux "$1" Image-6.1 cortex-a57 1 " bench" "$sums" ;;
	linux-6.12) on_linux "$1" Image-6.12 neoverse-n1 1 "" "VHE mode initialized;GUEST-UP 6.12" ;;
	linux-sid) on_linux "$1" Image-sid neoverse-n1 1 "" "VHE mode initialized;GUEST-UP 7" ;;
	xen) on_xen "$1" xen-4.17 Image-6.1 cortex-a57 \
		'Xen version 4.17;P2M: 44-bit IPA with 44-bit PA and 8-bit VMID;GUEST-UP 6.1.*el2=0' ;;
	xen-4.20) on_xen "$1" xen-4.20 Image-6.12 neoverse-n1 'Xen version 4.20;GUEST-UP 6.12.*el2=0' ;;
	*)
		echo "boot.sh: no scenario $1" >&2
		exit 2
		;;
	esac
}

[ $# -gt 0 ] || set -- linux-a53 linux-a57 linux-n1 linux-smp4 linux-bench linux-6.12 linux-sid xen xen-4.20
for name; do
	scenario "$name"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
