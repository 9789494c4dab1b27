#!/usr/bin/env bash
# Makes what Xen needs to start domains by itself: DIR/dom0less.gz, an initrd, and DIR/dom0less.dtb, the emulator's own tree (by
# dumpdtb) with dom0's and two domUs' kernels and initrds in /chosen. Their places are those of the loaders among the options: a
# kernel and an initrd for each domain, dom0 first. The domUs have Xen's virtual PL011, and the second one two PEs. dom0 has no tools and
# nobody to tell it when the domUs are done, so it waits for 20 seconds before it ends the machine.
#
# usage: dom0less.sh IMAGES DIR EMULATOR OPTION...     called by boot.sh
set -euo pipefail
images=$1
dir=$2
emulator=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ram_kib=0x30000

# The initrd: that of all guests, with another /init behind it.
cat >"$work/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
echo "GUEST-UP $(uname -r) cpus=$(nproc) el2=$(dmesg | grep -c 'CPU: All CPU(s) started at EL2')"
grep -q domain=0 /proc/cmdline && sleep 20
echo GUEST-DONE
poweroff -f
INIT
chmod +x "$work/init"
touch -d @0 "$work/init"
{ cat "$images/initrd.gz"; (cd "$work" && echo init | cpio --quiet --reproducible -o -H newc | gzip -n); } >"$dir/dom0less.gz"

board=()
files=()
addresses=()
while [ $# -gt 0 ]; do
	case $1,${2:-} in
	-dtb,*) shift ;;
	-device,loader,file=*,addr=*)
		file=${2#*file=}
		address=${2#*addr=}
		files+=("${file%%,*}")
		addresses+=("${address%%,*}")
		shift
		;;
	*) board+=("$1") ;;
	esac
	shift
done
"$emulator" "${board[@]}" -M dumpdtb="$work/board.dtb" </dev/null >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

# module KIND NUMBER [BOOTARGS]: the file of the NUMBER-th loader
module() {
	printf 'module@%x {\n compatible = "multiboot,%s", "multiboot,module";\n reg = <0 %s 0 %s>;\n' \
		"${addresses[$2]}" "$1" "${addresses[$2]}" "$(stat -L -c %s "${files[$2]}")"
	[ -z "${3:-}" ] || printf ' bootargs = "%s panic=-1";\n' "$3"
	printf '};\n'
}

{
	dtc -q -I dtb -O dts "$work/board.dtb"
	echo '/ { chosen {'
	echo '#address-cells = <2>; #size-cells = <2>;'
	echo 'xen,xen-bootargs = "dom0_mem=512M dom0_max_vcpus=1 console=dtuart dtuart=/pl011@9000000 guest_loglvl=none noreboot";'
	module kernel 0 "console=hvc0 quiet domain=0"
	module ramdisk 1
	for domain in 1 2; do
		echo "domU$domain { compatible = \"xen,domain\"; #address-cells = <2>; #size-cells = <2>;"
		echo "memory = <0 $ram_kib>; cpus = <$domain>; vpl011;"
		module kernel $((2 * domain)) "console=ttyAMA0 domain=$domain"
		module ramdisk $((2 * domain + 1))
		echo '};'
	done
	echo '}; };'
} >"$work/all.dts"
dtc -q -I dts -O dtb -o "$dir/dom0less.dtb" "$work/all.dts"
