#!/usr/bin/env bash
# What the scenarios are: images, options and what their consoles must say. boot.sh reads this file; whoever only wants the
# command line runs it.
#
# usage: scenarios.sh IMAGES SCENARIO     the options of one scenario, one a line
#        scenarios.sh                     the scenarios
# Options of xen-dom0less name files that dom0less.sh makes in $BOOT_LOGS.
scenarios=(linux-a53 linux-a57 linux-n1 linux-smp4 linux-bench linux-6.12 linux-sid
	xen xen-4.20 xen-dom0less xl xl-gicv2 xl-pv
	kvm kvm-vhe kvm-smp2 kvm-pkvm kvm-pci kvm-gicv2 kvm-its)

# on_linux KERNEL CORE PES ARGUMENT 'regex;...'
on_linux() {
	needs=("$1" initrd.gz)
	want="$5;GUEST-DONE;Power down"
	options=(-cpu "$2" -smp "$3" -m 1024 -kernel "$images/$1" -initrd "$images/initrd.gz" -append "console=ttyAMA0 panic=-1$4")
}

# on_xen XEN KERNEL CORE 'regex;...' [INITRD ARGUMENT]
on_xen() {
	local initrd=${5:-initrd.gz}
	needs=("$1" "$2" "$initrd")
	want="$4"
	options=(-cpu "$3" -smp 2 -m 2048 -kernel "$images/$1"
		-append "dom0_mem=1024M dom0_max_vcpus=1 console=dtuart dtuart=/pl011@9000000 noreboot"
		-device "guest-loader,addr=0x49000000,kernel=$images/$2,bootargs=console=hvc0 panic=-1${6:-}"
		-device "guest-loader,addr=0x4e000000,initrd=$images/$initrd")
}

# on_dom0less XEN KERNEL CORE 'regex;...': Xen makes dom0 and two domUs out of what dom0less.sh writes into the device tree
on_dom0less() {
	local address
	needs=("$1" "$2" initrd.gz)
	want="$4"
	prepare=dom0less.sh
	options=(-cpu "$3" -smp 2 -m 2048 -kernel "$images/$1" -dtb "$made/dom0less.dtb")
	for address in 0x49000000 0x51000000 0x59000000; do
		options+=(-device "loader,file=$images/$2,addr=$address,force-raw=on"
			-device "loader,file=$made/dom0less.gz,addr=$(printf '%#x' $((address + 0x4000000))),force-raw=on")
	done
}

# disk DEVICE [IMAGE]: a disk with Debian's own QEMU and Xen tools on it, of which nothing is kept
disk() {
	local image=${2:-host.img}
	needs+=("$image")
	options+=(-drive "if=none,id=d,file=$images/$image,format=raw,snapshot=on" -device "$1,drive=d")
}

# on_kvm CORE PES ARGUMENT DISK 'regex;...': Linux at EL2 runs a guest with Debian's QEMU and KVM
on_kvm() {
	needs=(Image-6.1 initrd-disk.gz)
	want="$5;HOST-UP;GUEST-UP 6.1.*el2=0;GUEST-DONE;HOST-DONE"
	options=(-cpu "$1" -smp "$2" -m 2048 -kernel "$images/Image-6.1" -initrd "$images/initrd-disk.gz"
		-append "console=ttyAMA0 panic=-1$3")
	disk "$4"
}

# scenario IMAGES NAME: sets `options` (the command line), `want` (expressions of the console, by semicolons), `needs` (the
# images) and `prepare` (a script to run first, if any); status 1 when there is no such scenario
scenario() {
	local images=$1 made=${BOOT_LOGS:-boot-logs} gic=,gic-version=3
	local nvhe='All CPU\(s\) started at EL2;Hyp (nVHE )?mode initialized'
	local vhe='All CPU\(s\) started at EL2;VHE mode initialized'
	# of what the bench makes: 64 MiB of zeros by SHA-256, 32 MiB of zeros by gzip -1
	local numbers=b2bc7d3f8b652d2ec96865b68ad8f80e22cca174abe1aed7889e242a747d590f # seq 100000 by SHA-256
	local sums='3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351;32585;BENCH-END'

	prepare=
	case $2 in
	linux-a53) on_linux Image-6.1 cortex-a53 1 "" "$nvhe" ;;
	linux-a57) on_linux Image-6.1 cortex-a57 1 "" "$nvhe" ;;
	linux-n1) on_linux Image-6.1 neoverse-n1 1 "" "$vhe" ;;
	linux-smp4) on_linux Image-6.1 neoverse-n1 4 "" 'SMP: Total of 4 processors;GUEST-UP .* cpus=4' ;;
	linux-bench) on_linux Image-6.1 cortex-a57 1 " bench" "$sums" ;;
	linux-6.12) on_linux Image-6.12 neoverse-n1 1 "" "VHE mode initialized;GUEST-UP 6.12" ;;
	linux-sid) on_linux Image-sid neoverse-n1 1 "" "VHE mode initialized;GUEST-UP 7" ;;
	xen) on_xen xen-4.17 Image-6.1 cortex-a57 \
		'Xen version 4.17;P2M: 44-bit IPA with 44-bit PA and 8-bit VMID;GUEST-UP 6.1.*el2=0;GUEST-DONE;Hardware Dom0 halted' ;;
	xen-4.20) on_xen xen-4.20 Image-6.12 neoverse-n1 'Xen version 4.20;GUEST-UP 6.12.*el2=0;GUEST-DONE;Hardware Dom0 halted' ;;
	xen-dom0less)
		on_dom0less xen-4.20 Image-6.12 neoverse-n1 \
			'DOM1: GUEST-UP 6.12.*cpus=1 el2=0;DOM1: GUEST-DONE;DOM1: .*Power down;DOM2: GUEST-UP 6.12.*cpus=2 el2=0;DOM2: GUEST-DONE;DOM2: .*Power down;Hardware Dom0 halted'
		;;
	xl | xl-gicv2) # a dom0 on the disk makes a domU
		on_xen xen-4.17 Image-6.1 cortex-a57 \
			'DOM0-UP;Machine model: XENVM-4.17;GUEST-UP 6.1.*el2=0;GUEST-DONE;DOM0-DONE' initrd-disk.gz " rinit=dom0"
		disk virtio-blk-device
		if [ "$2" = xl-gicv2 ]; then
			gic=,gic-version=2
			want="$want;GICv2: 288 lines, 2 cpus"
		fi
		;;
	xl-pv) # a disk and a network card for the domU
		on_xen xen-4.20 Image-6.12 neoverse-n1 \
			"DOM0-UP;xen_minor  *: 20;GUEST-UP 6.12.*cpus=2 el2=0;VBD 16384 sectors, written by dom0;3 packets received, 0% packet loss;VIF 00:16:3e:00:00:01 $numbers;DISK written by domU;DOM0-DONE" \
			initrd-disk-6.12.gz " rinit=xl"
		disk virtio-blk-device host-xen.img
		;;
	kvm) on_kvm cortex-a57 1 "" virtio-blk-device 'Hyp (nVHE )?mode initialized' ;;
	kvm-vhe) on_kvm neoverse-n1 1 "" virtio-blk-device 'VHE mode initialized' ;;
	kvm-smp2) on_kvm neoverse-n1 2 "" virtio-blk-device 'GUEST-UP 6.1.*cpus=2' ;;
	kvm-pkvm) on_kvm neoverse-n1 1 " kvm-arm.mode=protected" virtio-blk-device 'Protected (nVHE|hVHE) mode initialized' ;;
	kvm-pci) on_kvm cortex-a57 1 "" virtio-blk-pci,disable-legacy=on 'virtio-pci 0000:00:01.0: enabling device' ;;
	kvm-gicv2) # which the board has when nobody asks for another
		on_kvm cortex-a57 2 "" virtio-blk-device 'GICv2m: range;GUEST-UP 6.1.*cpus=2'
		gic=
		;;
	kvm-its) # the guest's disk is on PCI; its interrupts are LPIs of an ITS that KVM emulates
		on_kvm cortex-a57 1 " rinit=its" virtio-blk-device 'GUEST-UP 6.1.*cpus=2;ITS-MSI .*virtio0-req.1;LPIS of a queue came'
		;;
	*) return 1 ;;
	esac
	options=(-M "virt,virtualization=on$gic" -nographic -nodefaults -serial stdio -no-reboot "${options[@]}")
}

# run, not read
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	if [ $# = 0 ]; then
		printf '%s\n' "${scenarios[@]}"
	elif [ $# != 2 ] || ! scenario "$1" "$2"; then
		echo "usage: scenarios.sh IMAGES SCENARIO, of ${scenarios[*]}" >&2
		exit 2
	else
		printf '%s\n' "${options[@]}"
	fi
fi
