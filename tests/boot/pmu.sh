#!/usr/bin/env bash
# Linux counts and samples with the PMU: pmu_guest.c, which checks itself, in the initrd of a kernel on the machine, and of a KVM
# guest on it, whose PMU is the host kernel's.
#
# usage: pmu.sh IMAGES EMULATOR linux|kvm      status 77 when images or tools are missing
set -u
here=$(cd "$(dirname "$0")" && pwd)
images=$1
emulator=$2
what=$3
for file in Image-6.1 initrd.gz initrd-disk.gz host.img; do
	[ -s "$images/$file" ] || { echo "pmu.sh: no $images/$file (make-images.sh builds it)" >&2; exit 77; }
done
command -v aarch64-linux-gnu-gcc >/dev/null || { echo "pmu.sh: no aarch64-linux-gnu-gcc" >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
mkdir "$work/guest" "$work/host"
aarch64-linux-gnu-gcc -O2 -static -Wall -Werror -o "$work/guest/pmu" "$here/pmu_guest.c" || exit 1

# archive FROM BASE FILE: BASE with the files of FROM over its own
archive() {
	{ cat "$2" && (cd "$1" && find . | cpio --quiet -o -H newc | gzip -n -1); } >"$3"
}
cat >"$work/guest/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
/pmu
poweroff -f
INIT
chmod +x "$work/guest/init"
archive "$work/guest" "$images/initrd.gz" "$work/guest.gz"

# guest NAME 'regex' OPTION...
guest() {
	local name=$1 want=$2
	shift 2
	timeout 600 "$emulator" -M virt,virtualization=on,gic-version=3 -nographic -nodefaults -serial stdio -no-reboot \
		-kernel "$images/Image-6.1" "$@" </dev/null >"$work/console" 2>&1
	if grep -aq 'PMU-DONE 0 failures' "$work/console" && grep -aqE "$want" "$work/console" && ! grep -aq 'PMU-FAIL' "$work/console"; then
		echo "ok   $name"
		[ -z "${PMU_VERBOSE:-}" ] || grep -a 'PMU-' "$work/console"
	else
		echo "FAIL $name"
		tail -n 40 "$work/console"
		status=1
	fi
}

if [ "$what" = linux ]; then
	for core in cortex-a53 cortex-a57 neoverse-n1 max; do
		guest "Linux on $core" 'armv8_pmuv3 PMU driver, 7 counters' -cpu $core -smp 2 -m 512 -initrd "$work/guest.gz" \
			-append "console=ttyAMA0 panic=-1 quiet loglevel=7"
	done
	exit $status
fi

# the disk's root with the guest's archive in it; nothing of the disk is kept
cp "$work/guest.gz" "$work/host/guest.gz"
cat >"$work/host/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in /mods/*.ko; do insmod $m; done
mount -t ext4 /dev/vda /root
cp /guest.gz /pmuhost /root/
exec switch_root /root /pmuhost
INIT
cat >"$work/host/pmuhost" <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /run
qemu-system-aarch64 -M virt,gic-version=host -accel kvm -cpu host -smp 1 -m 256 -nographic -nodefaults -serial stdio \
	-no-reboot -kernel /images/Image-6.1 -initrd /guest.gz -append "console=ttyAMA0 panic=-1 quiet loglevel=7" </dev/null
poweroff -f
INIT
chmod +x "$work/host/init" "$work/host/pmuhost"
archive "$work/host" "$images/initrd-disk.gz" "$work/host.gz"
for core in cortex-a57 neoverse-n1; do
	guest "KVM guest on $core" 'armv8_pmuv3 PMU driver, 7 counters' -cpu $core -smp 1 -m 1024 -initrd "$work/host.gz" \
		-append "console=ttyAMA0 panic=-1 quiet" -drive "if=none,id=d,file=$images/host.img,format=raw,snapshot=on" \
		-device virtio-blk-device,drive=d
done
exit $status
