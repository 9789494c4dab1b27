#!/bin/sh
# /init of initrd-xen.gz, the domU of xl-init.sh: reads and writes its disk, pings dom0 and fetches a file.
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /mods/*.ko; do insmod "$module"; done
echo "GUEST-UP $(uname -r) cpus=$(nproc) el2=$(dmesg | grep -c 'CPU: All CPU(s) started at EL2')"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -b /dev/xvda ] && [ -e /sys/class/net/eth0 ] && break
	sleep 1
done
echo "VBD $(cat /sys/block/xvda/size) sectors, $(head -n 1 /dev/xvda)"
echo "written by domU" | dd of=/dev/xvda bs=512 seek=8 conv=fsync 2>/dev/null
ip addr add 192.168.77.2/24 dev eth0
ip link set eth0 up
ping -c 3 192.168.77.1 | grep received
echo "VIF $(cat /sys/class/net/eth0/address) $(wget -q -O - http://192.168.77.1/numbers | sha256sum)"
echo GUEST-DONE
poweroff -f
