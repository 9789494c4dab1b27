#!/usr/bin/env bash
# Boots through firmware, Debian's own where there is a package: what the console must say, exit status 0, no WARN, BUG or panic.
#
# usage: firmware.sh IMAGES EMULATOR [SCENARIO...]    any emulator that takes QEMU's command line; consoles go to $BOOT_LOGS
#   BOOT_LOGS=DIR     where consoles go (default ./boot-logs)
#   BOOT_LIMIT=S      seconds for one scenario (default 600)
#   TFA=FILE          the flash image of tfa-uboot-linux (make-tfa.sh makes it)
# Status 77 when a file is not there.
#
# Scenarios, by default all but the last, which nightly.py runs:
#   edk2-acpi         EDK2 starts Linux from -kernel; ACPI tables
#   edk2-dt           the same with acpi=off: the device tree
#   edk2-vars         EDK2 in two flash banks, twice; the second start finds the variables of the first
#   edk2-disk         EDK2's shell starts Linux from a disk's EFI system partition
#   uboot-xen         U-Boot gets Xen and dom0 by TFTP, with the command line of Xen's own tests
#   uboot-xen-gicv2   the same, and gic-version=2 named
#   tfa-uboot-linux   TF-A at EL3, U-Boot and Linux on two PEs at EL2, PSCI by TF-A
set -u
if [ $# -lt 2 ]; then
	sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
	exit 2
fi
images=$1 emulator=$2
shift 2
logs=${BOOT_LOGS:-boot-logs}
mkdir -p "$logs"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
edk2=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd
code=/usr/share/AAVMF/AAVMF_CODE.fd
vars=/usr/share/AAVMF/AAVMF_VARS.fd
uboot=/usr/lib/u-boot/qemu_arm64/u-boot.bin
tfa=${TFA:-}
kernel=$images/Image-6.1
initrd=$images/initrd.gz
bad='Kernel panic|Xen BUG|Internal error|WARNING: CPU|BUG:'
virt=(-M virt,virtualization=on,gic-version=3 -cpu cortex-a57 -display none -nodefaults -serial stdio -no-reboot)
wrong=

# have FILE...: leaves with status 77 when one is not there
have() {
	local file
	for file; do
		[ -s "$file" ] && continue
		echo "firmware.sh: no ${file:-TFA}" >&2
		exit 77
	done
}

# run NAME INPUT 'regex;...' OPTION...: adds to `wrong`
run() {
	local name=$1 input=$2 want=$3 status IFS=';'
	shift 3
	printf '%b' "$input" | timeout "${BOOT_LIMIT:-600}" "$emulator" "$@" >"$logs/$name" 2>&1
	status=$?
	[ $status = 0 ] || wrong+=" [exit status $status]"
	for want in $want; do
		grep -aqE "$want" "$logs/$name" || wrong+=" [missing: $want]"
	done
	! grep -aqE "$bad" "$logs/$name" || wrong+=" [a WARN, BUG or panic]"
}

# through_edk2 MACHINE 'regex;...'
through_edk2() {
	have "$edk2" "$kernel" "$initrd"
	run "$name" "" "EFI stub: Booting;$2;GUEST-UP .* cpus=2 el2=1;GUEST-DONE" "${virt[@]}" -M "$1" -smp 2 -m 1024 -bios "$edk2" \
		-kernel "$kernel" -initrd "$initrd" -append "console=ttyAMA0 panic=-1"
}

# The first run writes the variables, the second must not change those that say where to boot from.
with_variables() {
	local banks=(-drive "if=pflash,format=raw,unit=0,file=$code,readonly=on" -drive "if=pflash,format=raw,unit=1,file=$work/vars")
	have "$code" "$vars" "$kernel" "$initrd"
	cp "$vars" "$work/vars"
	run "$name.1" "" "EFI stub: Booting;GUEST-DONE" "${virt[@]}" -m 512 "${banks[@]}" -kernel "$kernel" -initrd "$initrd" \
		-append "console=ttyAMA0 panic=-1"
	cmp -s "$vars" "$work/vars" && wrong+=" [no variable was written]"
	run "$name.2" "" "EFI stub: Booting;GUEST-DONE" "${virt[@]}" -m 512 "${banks[@]}" -kernel "$kernel" -initrd "$initrd" \
		-append "console=ttyAMA0 panic=-1"
	[ "$(tr -d '\0' <"$work/vars" | grep -aoc BootOrder)" -ge 1 ] || wrong+=" [no BootOrder among the variables]"
}

# A disk with one partition, an EFI system partition, that starts Linux by startup.nsh.
make_disk() {
	truncate -s 80M "$work/disk"
	# partition table: one entry of type 0xef from sector 2048 on, 159744 sectors
	printf '\x4c\x70\x61\x72\0\0\0\xfe\xff\xff\xef\xfe\xff\xff\0\x08\0\0\0\x70\x02\0' |
		dd of="$work/disk" bs=1 seek=440 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$work/disk" bs=1 seek=510 conv=notrunc status=none
	printf 'fs0:\r\nImage console=ttyAMA0 panic=-1 initrd=\\initrd.gz\r\n' >"$work/startup.nsh"
	mformat -i "$work/disk@@1M" -F -T 159744 -N 12345678 ::
	mcopy -i "$work/disk@@1M" "$kernel" ::Image
	mcopy -i "$work/disk@@1M" "$initrd" ::initrd.gz
	mcopy -i "$work/disk@@1M" "$work/startup.nsh" ::startup.nsh
}

from_disk() {
	have "$edk2" "$kernel" "$initrd" "$(command -v mformat)"
	make_disk
	run "$name" "" "EFI stub: Loaded initrd from command line;GUEST-UP .* el2=1;GUEST-DONE" "${virt[@]}" -m 1024 -bios "$edk2" \
		-drive "if=none,id=d,format=raw,file=$work/disk" -device virtio-blk-pci,drive=d
}

# U-Boot's script, which Xen's tests make with ImageBuilder.
boot_source() {
	cat <<-END
		tftpb 0x45000000 xen
		tftpb 0x47000000 Image
		tftpb 0x4e000000 initrd
		tftpb 0x44000000 virt.dtb
		fdt addr 0x44000000
		fdt resize 1024
		fdt set /chosen \#address-cells <0x2>
		fdt set /chosen \#size-cells <0x2>
		fdt set /chosen xen,xen-bootargs "console=dtuart dtuart=/pl011@9000000 dom0_mem=1024M dom0_max_vcpus=1 noreboot"
		fdt set /chosen xen,dom0-bootargs "console=hvc0 panic=-1"
		fdt mknod /chosen dom0
		fdt set /chosen/dom0 compatible "xen,linux-zimage" "xen,multiboot-module" "multiboot,module"
		fdt set /chosen/dom0 reg <0x0 0x47000000 0x0 $(stat -Lc %s "$kernel")>
		fdt mknod /chosen dom0-ramdisk
		fdt set /chosen/dom0-ramdisk compatible "xen,linux-initrd" "xen,multiboot-module" "multiboot,module"
		fdt set /chosen/dom0-ramdisk reg <0x0 0x4e000000 0x0 $(stat -Lc %s "$initrd")>
		setenv fdt_high 0xffffffffffffffff
		booti 0x45000000 - 0x44000000
	END
}

# by_tftp TYPE: Xen's own command line (automation/scripts/qemu-smoke-dom0-arm64.sh)
by_tftp() {
	local files=$work/binaries
	local ci=(-machine virtualization=true -cpu cortex-a57 -machine "type=$1" -m 2048)
	have "$uboot" "$kernel" "$initrd" "$images/xen-4.17" "$(command -v fdtput)" "$(command -v mkimage)"
	mkdir -p "$files"
	cp "$kernel" "$files/Image"
	cp "$initrd" "$files/initrd"
	cp "$images/xen-4.17" "$files/xen"
	boot_source >"$work/boot.source"
	mkimage -q -A arm64 -T script -d "$work/boot.source" "$files/boot.scr" >/dev/null
	"$emulator" "${ci[@]}" -smp 2 -display none -machine "dumpdtb=$files/virt.dtb" >/dev/null 2>&1
	# firmware and ACPI: there is no PL061 then, but the tree was dumped without firmware; Xen's tests do the same
	fdtput "$files/virt.dtb" -p -t s /pl061@9030000 status disabled
	run "$name" 'x\nvirtio scan; dhcp; tftpb 0x40000000 boot.scr; source 0x40000000\n' \
		'Xen version 4.17;GUEST-UP 6.1.*el2=0;GUEST-DONE;Hardware Dom0 halted' "${ci[@]}" -monitor none -serial stdio -smp 2 -no-reboot \
		-device virtio-net-pci,netdev=n0 -netdev "user,id=n0,tftp=$files" -bios "$uboot" -display none
}

# That PSCI is TF-A's is seen by its SMC Calling Convention: the board's own PSCI has version 1.0.
by_tfa() {
	local size
	have "$tfa" "$kernel" "$initrd"
	size=$(printf '%x' "$(stat -Lc %s "$initrd")")
	run "$name" "x\\nsetenv bootargs console=ttyAMA0 panic=-1\\nbooti 0x48000000 0x50000000:$size 0x40000000\\n" \
		'BL31: v;Booting BL31|Preparing for EL3 exit;PSCIv1.1 detected;SMC Calling Convention v1.2;All CPU\(s\) started at EL2;GUEST-UP .* cpus=2 el2=1;GUEST-DONE' \
		"${virt[@]}" -M secure=on -smp 2 -m 1024 -bios "$tfa" \
		-device "loader,file=$kernel,addr=0x48000000,force-raw=on" -device "loader,file=$initrd,addr=0x50000000,force-raw=on"
}

failed=0
[ $# -gt 0 ] || set -- edk2-acpi edk2-dt edk2-vars edk2-disk uboot-xen uboot-xen-gicv2
for name; do
	start=${EPOCHREALTIME/[.,]/} wrong=
	case $name in
	edk2-acpi) through_edk2 acpi=on 'SMBIOS 3.0.1 present;DMI: QEMU;ACPI: Interpreter enabled;ACPI: PCI Root Bridge;psci: probing for conduit method from ACPI' ;;
	edk2-dt) through_edk2 acpi=off 'Machine model: linux,dummy-virt;psci: probing for conduit method from DT' ;;
	edk2-vars) with_variables ;;
	edk2-disk) from_disk ;;
	uboot-xen) by_tftp virt ;;
	uboot-xen-gicv2) by_tftp virt,gic-version=2 ;;
	tfa-uboot-linux) by_tfa ;;
	*)
		echo "firmware.sh: no scenario $name" >&2
		exit 2
		;;
	esac
	seconds=$((${EPOCHREALTIME/[.,]/} - start))
	printf '%-16s %-4s %4d.%02d s%s\n' "$name" "$([ -z "$wrong" ] && echo ok || echo FAIL)" \
		$((seconds / 1000000)) $((seconds / 10000 % 100)) "$wrong"
	[ -z "$wrong" ] || failed=$((failed + 1))
done
[ $failed = 0 ]
