#!/usr/bin/env bash
# Makes a flash image of TF-A for the board out of Debian's source package: BL1 at 0, the FIP at 256 KiB. PAYLOAD is what runs after
# it, at 0x60000000, by default Debian's U-Boot (u-boot-qemu). Debian's EDK2 cannot be it: it is linked for the flash at address 0,
# which TF-A keeps to itself (docs/verification.md).
#
# usage: make-tfa.sh OUT [PAYLOAD]     needs: apt with Debian's keyring, dpkg-dev, make, gcc-aarch64-linux-gnu, libssl-dev
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
out=$(realpath "$1")
payload=$(realpath "${2:-/usr/lib/u-boot/qemu_arm64/u-boot.bin}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=${TRAPLINE_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
cd "$work"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >sources.list
mkdir -p lists/partial
apt=(apt-get -oAPT::Sandbox::User=root "-oDir::Etc::sourcelist=$work/sources.list" -oDir::Etc::sourceparts=/dev/null
	"-oDir::State::Lists=$work/lists" -oDir::Cache::srcpkgcache= -oDir::Cache::pkgcache=)
"${apt[@]}" -qq update
"${apt[@]}" -qq source --download-only arm-trusted-firmware
mkdir tfa
tar -C tfa --strip-components=1 -xf arm-trusted-firmware_*.orig.tar.*
# newer linkers warn of what this version does on purpose
sed -i '/TF_LDFLAGS/s/--fatal-warnings/--no-warn-rwx-segments/' tfa/Makefile
# no core of the emulator has AArch32
make -s -C tfa E=0 CROSS_COMPILE=aarch64-linux-gnu- PLAT=qemu CTX_INCLUDE_AARCH32_REGS=0 QEMU_USE_GIC_DRIVER=QEMU_GICV3 \
	BL33="$payload" LOG_LEVEL=40 all fip >make.log 2>&1 || {
	tail make.log >&2
	exit 1
}
cp tfa/build/qemu/release/bl1.bin flash
dd if=tfa/build/qemu/release/fip.bin of=flash seek=64 bs=4096 conv=notrunc status=none
mv flash "$out"
