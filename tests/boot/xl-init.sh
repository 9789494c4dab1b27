#!/bin/sh
# /xlinit of host-xen.img: dom0 starts a domU that has a disk (a file behind a loop device) and a network card on a bridge, by xl
# and Xen's own hotplug scripts; then looks at what the domU wrote. The other half is xl-guest-init.sh.
export PATH=/usr/lib/xen-4.20/bin:/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for dir in /tmp /run /var/lib/xen /var/log; do mount -t tmpfs tmpfs $dir; done
mount -o bind /run /var/run
mkdir -p /run/xen /run/lock /run/xenstored /var/log/xen /var/lib/xen/dump /dev/pts /tmp/www
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd/0 /dev/stdin  # for the lock of the hotplug scripts
for module in /mods/*.ko; do insmod "$module"; done
mount -t xenfs xenfs /proc/xen
echo "DOM0-UP $(uname -r)"
export LD_LIBRARY_PATH=/usr/lib/xen-4.20/lib/aarch64-linux-gnu
xenstored --pid-file=/run/xenstored.pid
xen-init-dom0
xenconsoled --pid-file=/run/xenconsoled.pid
xl info | grep -E 'xen_m|xen_version|nr_cpus'

ip link set lo up
brctl addbr xenbr0
ip addr add 192.168.77.1/24 dev xenbr0
ip link set xenbr0 up
seq 100000 >/tmp/www/numbers
httpd -p 192.168.77.1:80 -h /tmp/www
dd if=/dev/zero of=/tmp/disk bs=1M count=8 2>/dev/null
echo "written by dom0" | dd of=/tmp/disk conv=notrunc 2>/dev/null

cat >/tmp/u1.cfg <<'CONFIG'
name = "u1"
kernel = "/images/Image-6.12"
ramdisk = "/images/initrd-xen.gz"
memory = 256
vcpus = 2
extra = "console=hvc0 panic=-1 quiet"
disk = [ "format=raw, vdev=xvda, access=rw, backendtype=phy, target=/tmp/disk" ]
vif = [ "mac=00:16:3e:00:00:01, bridge=xenbr0" ]
on_poweroff = "destroy"
CONFIG
xl create /tmp/u1.cfg || cat /var/log/xen/*
timeout 60 xl console u1 </dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
	xl list 1 >/dev/null 2>&1 || break
	sleep 1
done
xl list
echo "DISK $(dd if=/tmp/disk bs=512 skip=8 count=1 2>/dev/null | head -n 1)"
echo DOM0-DONE
poweroff -f
