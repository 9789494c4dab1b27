#!/usr/bin/env bash
# Builds the guest images out of Debian's own arm64 packages: nothing is compiled and nothing runs as root.
#
#   Image-6.1  xen-4.17             bookworm          Image-6.12  xen-4.20    trixie (only with "all")
#   initrd.gz                       busybox           Image-sid               sid    (only with "all")
#   initrd-io.gz                    busybox and modules for network, ports, random numbers, 9p
#   host.img  initrd-disk.gz        a disk with Debian's QEMU and Xen 4.17's tools, and the way onto it (the disk: only with "all")
#   host-xen.img  initrd-disk-6.12.gz    a disk with Xen 4.20's tools and a domU with its own initrd (only with "all")
#   perf.img                        a disk with Debian's perf (only with "perf", which makes nothing else)
#
# usage: make-images.sh OUT [bookworm|all|perf]
# The mirror is the one that this machine's apt uses; TRAPLINE_MIRROR=URL names another.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
what=${2:-bookworm}
work=$out/.work
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016  # apt's own notation
mirror=${TRAPLINE_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
[ -n "$mirror" ] || { echo "make-images.sh: apt knows no mirror (run apt-get update, or set TRAPLINE_MIRROR)" >&2; exit 1; }
mkdir -p "$work"

# use_suite NAME: `apt` then runs apt tools on a private state with the arm64 packages of that suite
use_suite() {
	suite=$work/$1
	mkdir -p "$suite/lists/partial" "$suite/cache/partial" "$suite/download"
	echo "deb [arch=arm64 signed-by=$keyring] $mirror $1 main" >"$suite/sources.list"
	options=(
		-oAPT::Architecture=arm64 -oAPT::Architectures=arm64 -oAPT::Sandbox::User=root
		-oDir::State::Lists="$suite/lists" -oDir::State::status=/dev/null
		-oDir::Etc::sourcelist="$suite/sources.list" -oDir::Etc::sourceparts=/dev/null
		-oDir::Cache::archives="$suite/cache" -oDir::Cache::pkgcache= -oDir::Cache::srcpkgcache=
	)
	apt-get "${options[@]}" -oAPT::Update::Error-Mode=any -qq update
}

# unpack DIR PACKAGE...: those packages alone
unpack() {
	local dir=$1 package
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$suite/download" && rm -f ./*.deb && apt-get "${options[@]}" -qq download "$@")
	for package in "$suite"/download/*.deb; do
		dpkg-deb -x "$package" "$dir"
	done
}

# The package of the newest kernel of the suite, behind the metapackage.
kernel_package() {
	apt-cache "${options[@]}" depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
}

# unpack_all DIR PACKAGE...: those packages with all that they depend on
unpack_all() {
	local dir=$1 package
	shift
	rm -rf "$dir" "$suite"/cache/*.deb
	mkdir -p "$dir"
	apt-get "${options[@]}" -qq -y --no-install-recommends -d install "$@" >/dev/null
	for package in "$suite"/cache/*.deb; do
		dpkg-deb -x "$package" "$dir"
	done
}

# make_initrd ROOT: busybox with an init that says GUEST-UP, does some work if the command line has "bench", says GUEST-DONE
# and powers off. "holdshell" on the command line leaves a shell instead.
make_initrd() {
	local root=$work/initrd applet
	rm -rf "$root"
	mkdir -p "$root"/{bin,proc,sys,dev,tmp,root}
	cp "$1/bin/busybox" "$root/bin/busybox"
	for applet in sh mount uname cat ls dmesg poweroff echo grep sed sleep insmod mknod sha256sum time dd gzip find \
		mkdir head tail wc ps free reboot nproc seq true switch_root; do
		ln -s busybox "$root/bin/$applet"
	done
	cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
echo "GUEST-UP $(uname -r) cpus=$(nproc) el2=$(dmesg | grep -c 'CPU: All CPU(s) started at EL2')"
if grep -q bench /proc/cmdline; then
  echo BENCH-START
  time dd if=/dev/zero bs=1M count=64 2>/dev/null | sha256sum
  time dd if=/dev/zero bs=1M count=32 2>/dev/null | gzip -1 | wc -c
  time sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
  time sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); /bin/busybox true; done'
  echo BENCH-END
fi
echo GUEST-DONE
if grep -q holdshell /proc/cmdline; then exec sh; fi
poweroff -f
INIT
	chmod +x "$root/init"
	pack_initrd "$root" "$out/initrd.gz"
}

# pack_initrd ROOT FILE: the same bytes for the same contents
pack_initrd() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc | gzip -n -1) >"$2"
}

# numbered_modules ROOT DIR MODULE...: modules without .ko, in the order in which they are to be inserted; a kernel that has no
# such module has it built in
numbered_modules() {
	local root=$1 dir=$2 n=10 module file to
	shift 2
	mkdir -p "$dir"
	for module; do
		to=$dir/$((n++))-${module##*/}.ko
		file=$(find "$root"/{,usr/}lib/modules/*/kernel/"$module".ko* 2>/dev/null || true)
		case $file in
		*.xz) xz -dc "$file" >"$to" ;;
		*.ko) cp "$file" "$to" ;;
		esac
	done
}

# make_disk_initrd ROOT FILE: what make_initrd left, with the modules of a virtio disk and an init that goes on from /dev/vda with
# the /NAMEinit there that rinit=NAME on the command line says (host, if none)
make_disk_initrd() {
	local root=$work/initrd-disk
	rm -rf "$root"
	cp -a "$work/initrd" "$root"
	numbered_modules "$1" "$root/mods" \
		drivers/virtio/{virtio_mmio,virtio_pci_legacy_dev,virtio_pci_modern_dev,virtio_pci} drivers/block/virtio_blk \
		lib/crc16 crypto/crc32c_generic lib/libcrc32c fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4
	cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in /mods/*.ko; do insmod $m; done
r=$(sed -n 's/.*rinit=\([a-z0-9]*\).*/\1/p' /proc/cmdline)
mount -t ext4 /dev/vda /root && exec switch_root /root /${r:-host}init
echo "no root"; poweroff -f
INIT
	pack_initrd "$root" "$2"
}

# host_tree DIR ROOT APPLET...: what unpack_all left in DIR as the root of a disk, with more of busybox
host_tree() {
	local host=$1 busybox=$2/bin/busybox dir applet
	shift 2
	rm -rf "$host"/usr/share/{doc,man,locale,info,bug,lintian,bash-completion,zoneinfo} "$host"/usr/share/perl* \
		"$host"/usr/lib/python3* "$host"/usr/lib/aarch64-linux-gnu/perl*
	for dir in bin sbin lib; do
		if [ -d "$host/$dir" ] && [ ! -L "$host/$dir" ]; then
			cp -a "$host/$dir/." "$host/usr/$dir/"
			rm -rf "${host:?}/$dir"
		fi
		ln -sfn "usr/$dir" "$host/$dir"
	done
	rm -rf "$host"/var/lock "$host"/var/run
	mkdir -p "$host"/{proc,sys,dev,tmp,run,images,root,mods} "$host"/var/{lock,run,log/xen,lib/xen}
	cp "$busybox" "$host/usr/bin/busybox"
	for applet in sh mount uname cat ls dmesg poweroff echo grep sed sleep insmod mknod dd head tail wc ps free nproc seq mkdir \
		ln rm touch timeout cut tr "$@"; do
		[ -e "$host/usr/bin/$applet" ] || ln -s busybox "$host/usr/bin/$applet"
	done
}

# host_disk DIR FILE SIZE
host_disk() {
	find "$1" -exec touch -h -d @0 {} +
	rm -f "$2"
	mke2fs -q -t ext4 -d "$1" "$2" "$3"
}

# make_host ROOT: host.img, a disk on which /hostinit starts a KVM guest with Debian's QEMU, /itsinit one whose disk is on PCI
# behind an ITS, and /dom0init a Xen guest with xl
make_host() {
	local host=$work/host module
	unpack_all "$host" qemu-system-arm xen-utils-4.17 xenstore-utils
	rm -rf "$host"/usr/bin/qemu-system-arm "$host"/usr/share/qemu/edk2*
	host_tree "$host" "$1" taskset
	for module in xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs/xenfs; do
		cp "$1"/lib/modules/*/kernel/drivers/xen/$module.ko "$host/mods/"
	done
	cp "$out/Image-6.1" "$out/initrd.gz" "$out/initrd-disk.gz" "$host/images/"
	cat >"$host/hostinit" <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /run
echo "HOST-UP $(uname -r)"; ls -la /dev/kvm
b=; grep -q bench /proc/cmdline && b=bench
qemu-system-aarch64 -M virt,gic-version=host -accel kvm -cpu host -smp $(nproc) -m 256 -nographic -nodefaults -serial stdio \
	-no-reboot -kernel /images/Image-6.1 -initrd /images/initrd.gz -append "console=ttyAMA0 panic=-1 $b" </dev/null
echo HOST-DONE
poweroff -f
INIT
	cat >"$host/dom0init" <<'INIT'
#!/bin/sh
export PATH=/usr/lib/xen-4.17/bin:/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/run
mkdir -p /run/xen /run/lock /var/run/xen /var/run/xenstored /var/lib/xenstored /dev/pts; mount -t devpts devpts /dev/pts
for m in xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs; do insmod /mods/$m.ko; done
mount -t xenfs xenfs /proc/xen; echo "DOM0-UP $(uname -r)"
export LD_LIBRARY_PATH=/usr/lib/xen-4.17/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu
xenstored --pid-file=/run/xenstored.pid; xen-init-dom0; xenconsoled --pid-file=/run/xenconsoled.pid
xl info | grep -E 'xen_m|virt_caps|nr_cpus'
printf '%s\n' 'name="u1"' 'kernel="/images/Image-6.1"' 'ramdisk="/images/initrd.gz"' 'memory=256' 'vcpus=1' \
	'extra="console=hvc0 panic=-1"' 'on_poweroff="destroy"' >/tmp/u1.cfg
xl create /tmp/u1.cfg; timeout 60 xl console u1 </dev/null; xl list
echo DOM0-DONE; poweroff -f
INIT
	cp "$here/its-init.sh" "$host/itsinit"
	cp "$here/its-guest-init.sh" "$host/itsguestinit"
	chmod +x "$host"/*init
	host_disk "$host" "$out/host.img" 400M
}

# make_xen_host ROOT: host-xen.img, a disk on which /xlinit starts, with Xen 4.20's tools and hotplug scripts, a domU that has a
# disk and a network card. The tools are the current suite's, the kernel is Image-6.12, its modules ROOT's.
make_xen_host() {
	local host=$work/host-xen guest=$work/initrd-xen applet
	unpack_all "$host" xen-utils-4.20 xenstore-utils bash util-linux
	rm -rf "$host"/usr/lib/aarch64-linux-gnu/systemd "$host"/usr/lib/systemd
	host_tree "$host" "$work/root-bookworm" awk basename brctl dirname env expr httpd ip logger losetup readlink rmdir stat which
	numbered_modules "$1" "$host/mods" drivers/xen/{xen-evtchn,xen-gntdev,xen-gntalloc,xen-privcmd,xenfs/xenfs} \
		net/llc/llc net/802/stp net/bridge/bridge drivers/block/{loop,xen-blkback/xen-blkback} drivers/net/xen-netback/xen-netback
	cp "$here/xl-init.sh" "$host/xlinit"
	chmod +x "$host/xlinit"

	rm -rf "$guest"
	cp -a "$work/initrd" "$guest"
	numbered_modules "$1" "$guest/mods" drivers/block/xen-blkfront drivers/net/xen-netfront
	for applet in ip ping wget; do
		ln -sf busybox "$guest/bin/$applet"
	done
	cp "$here/xl-guest-init.sh" "$guest/init"
	cp "$out/Image-6.12" "$host/images/"
	pack_initrd "$guest" "$host/images/initrd-xen.gz"
	host_disk "$host" "$out/host-xen.img" 250M
}

# make_perf ROOT: perf.img, a disk on which /perfinit counts and samples a program with perf
make_perf() {
	local host=$work/host-perf
	unpack_all "$host" linux-perf
	host_tree "$host" "$1" sha256sum true
	cp "$here/perf-init.sh" "$host/perfinit"
	host_disk "$host" "$out/perf.img" 200M
}

# make_io_initrd ROOT: busybox, the modules of virtio network, ports, random numbers and 9p in their order, and io-init.sh
make_io_initrd() {
	local root=$work/initrd-io applet
	rm -rf "$root"
	mkdir -p "$root"/{bin,proc,sys,dev,tmp,root,mnt,mods}
	cp "$1/bin/busybox" "$root/bin/busybox"
	for applet in sh mount umount cat ls echo grep sed chmod ip udhcpc \
		ping tftp sha256sum dd wc insmod uname poweroff mkdir mv ln rm rmdir readlink stat truncate touch seq mkfifo \
		mknod true sleep cut head tail; do
		ln -sf busybox "$root/bin/$applet"
	done
	numbered_modules "$1" "$root/mods" \
		drivers/virtio/{virtio_mmio,virtio_pci_legacy_dev,virtio_pci_modern_dev,virtio_pci} \
		net/core/failover drivers/net/{net_failover,virtio_net} drivers/char/{virtio_console,hw_random/virtio-rng} \
		fs/netfs/netfs fs/fscache/fscache net/9p/{9pnet,9pnet_virtio} fs/9p/9p
	cp "$here/io-init.sh" "$root/init"
	chmod +x "$root/init"
	pack_initrd "$root" "$out/initrd-io.gz"
}

use_suite bookworm
if [ "$what" = perf ]; then
	unpack "$work/root-perf" busybox-static
	make_perf "$work/root-perf"
	rm -rf "$work"
	exit
fi
unpack "$work/root-bookworm" "$(kernel_package)" busybox-static xen-hypervisor-4.17-arm64
cp "$work"/root-bookworm/boot/vmlinuz-* "$out/Image-6.1"
cp "$work"/root-bookworm/boot/xen-4.17-arm64 "$out/xen-4.17"
make_initrd "$work/root-bookworm"
make_disk_initrd "$work/root-bookworm" "$out/initrd-disk.gz"
make_io_initrd "$work/root-bookworm"

if [ "$what" = all ]; then
	make_host "$work/root-bookworm"

	use_suite trixie
	unpack "$work/root-trixie" "$(kernel_package)" xen-hypervisor-4.20-arm64
	cp "$work"/root-trixie/boot/vmlinuz-* "$out/Image-6.12"
	cp "$work"/root-trixie/boot/xen-4.20-arm64 "$out/xen-4.20"
	make_disk_initrd "$work/root-trixie" "$out/initrd-disk-6.12.gz"
	make_xen_host "$work/root-trixie"

	use_suite sid # where linux-image only signs what linux-binary holds
	package=$(kernel_package)
	unpack "$work/root-sid" "${package/linux-image/linux-binary}"
	find "$work/root-sid" -name 'vmlinuz*' -type f -exec cp {} "$out/Image-sid" \;
fi
rm -rf "$work"
ls -l "$out"
