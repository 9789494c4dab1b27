#!/bin/sh
# /itsguestinit of host.img: the guest of its-init.sh reads its disk on both PEs, each with a queue and an LPI of its own, and says
# how many LPIs came.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
echo "GUEST-UP $(uname -r) cpus=$(nproc) el2=$(dmesg | grep -c 'CPU: All CPU(s) started at EL2')"
for pe in 1 2; do
	taskset $pe dd if=/dev/vda of=/dev/null bs=64k count=64 skip=$((pe * 1000)) iflag=direct
done
sed -n 's/.*ITS-MSI/ITS-MSI/p' /proc/interrupts
grep -E 'ITS-MSI.*virtio0-req' /proc/interrupts | while read -r _ first second _; do
	[ $((first + second)) -ge 64 ] && echo "LPIS of a queue came"
done
echo GUEST-DONE
poweroff -f
