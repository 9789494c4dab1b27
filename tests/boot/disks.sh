#!/usr/bin/env bash
# What reaches a disk's file and what does not, with a Linux guest that writes to an ext4 disk: the guest's own file after a clean
# end and after the program was killed, snapshot=on, readonly=on, qcow2 through qemu-nbd, discard, an image cut short, an NBD
# server that dies, and a host that takes no more (RLIMIT_FSIZE stands for a full file system).
#
# usage: disks.sh IMAGES EMULATOR        status 77 when images or tools are missing
set -u
images=$1
emulator=$2
for file in Image-6.1 initrd-disk.gz; do
	[ -s "$images/$file" ] || { echo "disks.sh: no $images/$file (make-images.sh builds it)" >&2; exit 77; }
done
for tool in mke2fs e2fsck debugfs qemu-nbd qemu-img; do
	command -v "$tool" >/dev/null || { echo "disks.sh: no $tool" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

verdict() {
	if [ "$1" = 0 ]; then echo "ok   $2"; else echo "FAIL $2"; status=1; fi
}

# A disk whose /hostinit does what $work/job says; busybox comes from the initrd.
mkdir -p "$work/root"/{bin,proc,sys,dev,tmp}
(cd "$work/root" && gzip -dc "$images/initrd-disk.gz" | cpio -id --quiet 'bin/*')
cat >"$work/root/hostinit" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
job=$(sed -n 's/.*job=\([a-z]*\).*/\1/p' /proc/cmdline)
echo "JOB $job serial=$(cat /sys/block/vda/serial) ro=$(cat /sys/block/vda/ro)"
case $job in
write)
	dd if=/dev/urandom of=/big bs=1M count=16 2>/dev/null && echo "kept by the guest" >/kept && sync && echo WRITTEN ;;
churn)
	i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "$i" >/churn.$((i % 50)); [ $i = 20 ] && sync && echo CHURNING; done ;;
read)
	cat /bin/busybox | wc -c; dd if=/dev/vda of=/dev/null bs=64k 2>&1 | grep -c error ;;
esac
mount -o remount,ro / ; echo JOB-DONE; poweroff -f
INIT
chmod +x "$work/root/hostinit"
mke2fs -q -t ext4 -d "$work/root" "$work/fresh.img" 64M

# guest JOB DRIVE-OPTIONS [OPTION...]: console in $work/console, log in $work/log
guest() {
	local job=$1 drive=$2
	shift 2
	timeout 300 "$emulator" -M virt,virtualization=on,gic-version=3 -nographic -nodefaults -serial stdio -no-reboot -cpu cortex-a57 \
		-m 256 -kernel "$images/Image-6.1" -initrd "$images/initrd-disk.gz" -append "console=ttyAMA0 panic=-1 quiet job=$job" \
		-drive "if=none,id=d,format=raw,$drive" -device virtio-blk-device,drive=d,serial=S-42 -D "$work/log" "$@" \
		</dev/null >"$work/console" 2>"$work/err"
}
said() {
	grep -aqE "$1" "$work/console"
}
fresh() {
	cp --sparse=always "$work/fresh.img" "$work/d.img"
}
clean() {
	e2fsck -fn "$1" >"$work/fsck" 2>&1
}
holds() {
	[ "$(debugfs -R 'cat /kept' "$1" 2>/dev/null)" = "kept by the guest" ]
}

fresh
guest write "file=$work/d.img" && said WRITTEN && said 'serial=S-42 ro=0' && said JOB-DONE && clean "$work/d.img" && holds "$work/d.img"
verdict $? "what the guest wrote is in its file, which is clean"

fresh
guest write "file=$work/d.img,snapshot=on" && said WRITTEN && cmp -s "$work/d.img" "$work/fresh.img"
verdict $? "snapshot=on leaves the file as it was"

guest write "file=$work/d.img" -snapshot && said WRITTEN && cmp -s "$work/d.img" "$work/fresh.img"
verdict $? "so does -snapshot"

guest read "file=$work/d.img,readonly=on" && said 'ro=1' && cmp -s "$work/d.img" "$work/fresh.img"
verdict $? "readonly=on is told to the guest"

qemu-img convert -O qcow2 "$work/fresh.img" "$work/d.qcow2"
qemu-nbd -f qcow2 -k "$work/socket" "$work/d.qcow2" &
server=$!
for _ in $(seq 50); do [ -S "$work/socket" ] && break; sleep 0.1; done
guest write "file=nbd+unix:///?socket=$work/socket" && said WRITTEN
result=$?
wait $server
qemu-img convert -O raw "$work/d.qcow2" "$work/n.img" && clean "$work/n.img" && holds "$work/n.img" && [ $result = 0 ]
verdict $? "a qcow2 disk behind qemu-nbd"

fresh
guest churn "file=$work/d.img" &
for _ in $(seq 600); do said CHURNING && break; sleep 0.1; done
kill -KILL "$(pgrep -P "$(pgrep -P $!)")" # the emulator, child of timeout, child of the subshell
{ wait $!; } 2>/dev/null
e2fsck -p "$work/d.img" >"$work/fsck" 2>&1
[ $? -le 1 ] && clean "$work/d.img"
verdict $? "a killed program leaves what a crash leaves: the journal makes it clean"

fresh
guest read "file=$work/d.img" &
for _ in $(seq 600); do said 'JOB' && break; sleep 0.05; done
truncate -s 20M "$work/d.img"
wait $!
grep -q "d.img): read of .* No data available" "$work/log" && said JOB-DONE
verdict $? "an image cut short: I/O errors in the guest, file and cause in the log"

fresh
qemu-nbd -f raw -k "$work/socket" "$work/d.img" &
server=$!
for _ in $(seq 50); do [ -S "$work/socket" ] && break; sleep 0.1; done
guest read "file=nbd+unix:///?socket=$work/socket" &
for _ in $(seq 600); do said 'JOB' && break; sleep 0.05; done
kill -KILL $server
{ wait $server; wait; } 2>/dev/null
grep -q "socket=$work/socket): read of .* bytes at" "$work/log" && said JOB-DONE
verdict $? "an NBD server that dies: I/O errors in the guest, name and cause in the log"

fresh
(ulimit -f $((24 * 1024)) && guest write "file=$work/d.img")
grep -q "d.img): write of .* File too large" "$work/log" && said JOB-DONE
verdict $? "a host that takes no more: I/O errors in the guest, file and cause in the log"
exit $status
