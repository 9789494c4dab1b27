#!/usr/bin/env bash
# Builds the guest images out of Debian's own arm64 packages: nothing is compiled and nothing runs as root.
#
#   Image-6.1  xen-4.17             bookworm          Image-6.12  xen-4.20    trixie (only with "all")
#   initrd.gz                       busybox           Image-sid               sid    (only with "all")
#
# usage: make-images.sh OUT [bookworm|all]
# The mirror is the one that this machine's apt uses; TRAPLINE_MIRROR=URL names another.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
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
	find "$root" -exec touch -h -d @0 {} +
	(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc | gzip -n -1) >"$out/initrd.gz"
}

use_suite bookworm
unpack "$work/root-bookworm" "$(kernel_package)" busybox-static xen-hypervisor-4.17-arm64
cp "$work"/root-bookworm/boot/vmlinuz-* "$out/Image-6.1"
cp "$work"/root-bookworm/boot/xen-4.17-arm64 "$out/xen-4.17"
make_initrd "$work/root-bookworm"

if [ "$what" = all ]; then
	use_suite trixie
	unpack "$work/root-trixie" "$(kernel_package)" xen-hypervisor-4.20-arm64
	cp "$work"/root-trixie/boot/vmlinuz-* "$out/Image-6.12"
	cp "$work"/root-trixie/boot/xen-4.20-arm64 "$out/xen-4.20"

	use_suite sid # where linux-image only signs what linux-binary holds
	package=$(kernel_package)
	unpack "$work/root-sid" "${package/linux-image/linux-binary}"
	find "$work/root-sid" -name 'vmlinuz*' -type f -exec cp {} "$out/Image-sid" \;
fi
rm -rf "$work"
ls -l "$out"
