#!/bin/sh
# /itsinit of host.img: a KVM host whose guest has its disk on PCI behind an ITS that KVM emulates. The guest's disk is the host's
# own, which therefore becomes read-only first. The other half is its-guest-init.sh.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /run
mount -o remount,ro /
echo "HOST-UP $(uname -r)"
qemu-system-aarch64 -M virt,gic-version=3,its=on -accel kvm -cpu host -smp 2 -m 256 -nographic -nodefaults -serial stdio \
	-no-reboot -kernel /images/Image-6.1 -initrd /images/initrd-disk.gz -append "console=ttyAMA0 panic=-1 rinit=itsguest" \
	-drive if=none,id=d,file=/dev/vda,format=raw,readonly=on -device virtio-blk-pci,drive=d,num-queues=2 </dev/null
echo HOST-DONE
poweroff -f
