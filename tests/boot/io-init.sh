#!/bin/sh
# The init of initrd-io.gz (make-images.sh): what a guest does with network, serial ports, random numbers and a shared folder.
# tests/boot/io.py reads what it prints. "hold" on the command line leaves a shell, and ports unwritten.
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
for m in /mods/*; do insmod "$m" || echo "no $m"; done
echo "GUEST-UP $(uname -r)"

cat >/tmp/lease <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"; ip route add default via "$router"
echo "DHCP $ip/$mask router $router dns $dns boot $boot_file"
END
chmod +x /tmp/lease
if [ -e /sys/class/net/eth0 ]; then
	echo "MAC $(cat /sys/class/net/eth0/address)"
	ip link set lo up; ip link set eth0 up
	udhcpc -q -n -i eth0 -s /tmp/lease 2>/dev/null
	ping -c 2 10.0.2.2 | grep packets
	tftp -g -r greeting -l /tmp/greeting 10.0.2.2 && cat /tmp/greeting
	tftp -g -r big -l /tmp/big 10.0.2.2 && echo "TFTP $(sha256sum </tmp/big)"
	tftp -g -r escape -l /tmp/escape 10.0.2.2 || echo "TFTP-CONFINED"
fi

[ -e /dev/hwrng ] && echo "RNG $(cat /sys/class/misc/hw_random/rng_current) $(dd if=/dev/hwrng bs=1000 count=1 2>/dev/null | wc -c)"

echo "PORTS $(cat /sys/class/virtio-ports/*/name)"
if ! grep -q hold /proc/cmdline; then
	for p in /dev/vport*p[1-9]; do echo "hello from a port" >"$p"; done
	[ -e /dev/hvc0 ] && echo "hello from hvc0" >/dev/hvc0
fi

if mount -t 9p -o trans=virtio,version=9p2000.L share /mnt; then
	cd /mnt
	echo "P9-READ $(cat hello)"
	if echo written >new; then
		mkdir d; mv new d/x; ln -s d/x link; ln d/x hard
		echo "P9-LINK $(cat link) $(readlink link) $(stat -c %h d/x)"
		chmod 600 d/x; truncate -s 100 d/x; touch -d '2000-01-01 00:00:00' d/x
		echo "P9-STAT $(stat -c '%a %s %Y' d/x)"
		rm d/x; echo "P9-UNLINKED $(wc -c <hard)"; rm -r d hard link
		dd if=/dev/zero of=zeros bs=64k count=64 2>/dev/null; echo "P9-SUM $(sha256sum <zeros)"; rm zeros
		for i in $(seq 300); do : >"many.$i"; done; echo "P9-MANY $(ls | wc -l)"; rm many.*
		exec 3>gone; rm gone; echo still >&3 && echo "P9-OPEN-UNLINKED"; exec 3>&-
		mkfifo f; echo "P9-FIFO $(stat -c %F f)"; rm f
		mknod null c 1 3 || echo "P9-NO-DEVICES"
	else
		echo "P9-READONLY"
	fi
	cat ../secret escape || echo "P9-CONFINED $(readlink escape)"
	cd /; umount /mnt && echo "P9-UNMOUNTED"
fi
echo GUEST-DONE
grep -q hold /proc/cmdline && exec sh
poweroff -f
