#!/usr/bin/env bash
# Builds what the Debian scenarios of nightly.py boot, out of Debian's own arm64 packages. Needs root (or fakeroot), debootstrap
# and e2fsprogs; nothing of the guest runs here: its own first boot configures the packages.
#
#   debian.img               a bookworm root filesystem (ext4) with systemd, as debootstrap's first stage leaves it
#   di-linux, di-initrd.gz   the netboot installer
#
# usage: make-debian.sh OUT     where make-images.sh put Image-6.1 and initrd-disk.gz, which boot the disk
set -euo pipefail

[ $# = 1 ] || { sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
out=$(mkdir -p "$1" && cd "$1" && pwd)
# shellcheck disable=SC2016  # apt's own notation
mirror=${TRAPLINE_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)}
[ -n "$mirror" ] || { echo "make-debian.sh: apt knows no mirror (run apt-get update, or set TRAPLINE_MIRROR)" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

debootstrap --foreign --arch=arm64 --variant=minbase --include=systemd,systemd-sysv,udev,dbus,login,iproute2,kmod,procps \
	bookworm "$root" "$mirror" >"$work/log" || { tail -n 5 "$work/log" >&2; exit 1; }
for dir in proc sys; do # links to the host's own, where debootstrap may not mount
	[ ! -L "$root/$dir" ] || rm "$root/$dir"
	mkdir -p "$root/$dir"
done

# what initrd-disk.gz starts: /NAMEinit with rinit=NAME on the command line
ln -s /sbin/init "$root/systemdinit"
cat >"$root/firstinit" <<'END'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -o remount,rw /
echo "FIRST-BOOT $(uname -r)"
/debootstrap/debootstrap --second-stage || { tail -n 20 /debootstrap/debootstrap.log; echo FIRST-BOOT-FAILED; }
passwd -d root
echo trapline >/etc/hostname
echo '/dev/vda / ext4 defaults 0 1' >/etc/fstab
rm -f /firstinit
echo FIRST-BOOT-DONE
sync
mountpoint -q /proc || mount -t proc proc /proc
exec poweroff -ff
END
chmod +x "$root/firstinit"
rm -f "$out/debian.img"
mke2fs -q -t ext4 -d "$root" "$out/debian.img" 1G

(cd "$work" && apt-get -oAPT::Sandbox::User=root -qq download debian-installer-12-netboot-arm64 &&
	dpkg-deb -x debian-installer-12-*.deb di)
for file in linux initrd.gz; do
	find "$work/di" -path "*/text/debian-installer/arm64/$file" -exec cp {} "$out/di-$file" \;
done
ls -l "$out"/debian.img "$out"/di-*
