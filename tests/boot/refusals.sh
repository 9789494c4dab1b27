#!/usr/bin/env bash
# What the program refuses, and what it cannot write. Refused: exit status 1, nothing on standard output, and one line on standard
# error that names the option, what was expected and what came. The parser's and the loader's own cases are unit tests; here the whole program is asked.
#
# usage: refusals.sh TRAPLINE
set -u
trapline=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# refused 'WORDS' OPTION...: the line must hold the words
refused() {
	local words=$1 status lines
	shift
	timeout 20 "$trapline" "$@" </dev/null >"$work/out" 2>"$work/err"
	status=$?
	lines=$(wc -l <"$work/err")
	if [ $status != 1 ] || [ -s "$work/out" ] || [ "$lines" != 1 ] || ! grep -qF -- "$words" "$work/err"; then
		echo "FAIL $*: status $status, $lines lines, wanted '$words', got: $(head -n 3 "$work/err")"
		failed=$((failed + 1))
	fi
}

: >"$work/empty"
head -c 100000 /dev/zero >"$work/zeros"
printf 'MZ\0\0zimg' >"$work/short"
cat "$work/zeros" >>"$work/short"
gzip -c "$work/zeros" >"$work/zeros.gz"
head -c 60 "$work/zeros.gz" >"$work/cut.gz"

printf '\177ELF' >"$work/short.elf"
printf '\37\213' >"$work/short.gz"
printf 'MZ@\372' >"$work/short.image"
mkfifo "$work/fifo"

refused "unknown option; the closest known one is -kernel" -kernal x
refused "unknown core 'cortex-a35'" -cpu cortex-a35 -kernel "$work/zeros"
refused "expected a number from 1 to 64, got '100'" -smp 100 -kernel "$work/zeros"
refused "expected a size such as 512M or 2G, got 'x'" -m x -kernel "$work/zeros"
# a log is neither emptied nor left behind by a line that is refused
echo old >"$work/log"
for log in log newlog; do
	refused "No such file" -D "$work/$log" -kernel "$work/none"
done
[ "$(cat "$work/log")" = old ] && [ ! -e "$work/newlog" ] || { echo "-D wrote for a line that was refused"; exit 1; }
# a file that is no socket stays what it is
for option in -gdb -monitor -serial; do
	place=unix:$work/zeros
	[ $option = -serial ] && place+=,server=on,wait=off
	refused "File exists" $option "$place" -kernel "$work/zeros"
	[ -s "$work/zeros" ] || { echo "$option destroyed a file"; exit 1; }
done
refused "expected size or KEY=VALUE, got ''" -m "" -kernel "$work/zeros"
refused "expected cpus or KEY=VALUE, got ''" -smp "" -kernel "$work/zeros"
refused "expected tlb, got 'x'" --check x -kernel "$work/zeros"
refused "lines: expected a number from 1 to 4294967295, got '0'" --check tlb,lines=0 -kernel "$work/zeros"
refused "needs PEs that take turns; leave --parallel out" --check tlb --parallel -smp 2 -kernel "$work/zeros"
refused "cannot open for writing: No such file" -kernel "$work/zeros" -drive if=none,id=d,file="$work/none" -device virtio-blk-device,drive=d
refused "expected a regular file or a block device" -kernel "$work/zeros" -drive if=none,id=d,file="$work/fifo",readonly=on -device virtio-blk-device,drive=d
refused "the image is empty" -kernel "$work/zeros" -drive if=none,id=d,file="$work/empty" -device virtio-blk-device,drive=d
refused "drive=e: expected the id of a -drive" -kernel "$work/zeros" -device virtio-blk-device,drive=e
refused "two devices use it" -kernel "$work/zeros" -drive if=none,id=d,file="$work/zeros" -device virtio-blk-device,drive=d -device virtio-blk-device,drive=d
refused "queue-size: expected a power of two, got 100" -kernel "$work/zeros" -drive if=none,id=d,file="$work/zeros" -device virtio-blk-device,drive=d,queue-size=100
refused "expected pcie.0 or the id of a bridge before it" -kernel "$work/zeros" -device pci-bridge,bus=x
refused "addr: expected SLOT or SLOT.FUNCTION" -kernel "$work/zeros" -device pci-bridge,id=b,addr=20
refused "there is a device already on pcie.0" -kernel "$work/zeros" -device pci-bridge,id=a,addr=1 -device pci-bridge,id=b,addr=1
refused "behind a port there is only slot 0" -kernel "$work/zeros" -device pcie-root-port,id=p -device pci-bridge,id=b,bus=p,addr=1
refused "expected an id that no other bus has" -kernel "$work/zeros" -device pci-bridge,id=a -device pci-bridge,id=a
refused "-drive: format: expected raw, got 'qcow2'" -kernel "$work/zeros" -drive file=x,format=qcow2
refused "-drive: unknown key 'fil'; the closest known one is 'file'" -kernel "$work/zeros" -drive fil=x
refused "unknown kind 'usr'; the closest known one is 'user'" -netdev usr,id=n
refused "-netdev user: expected id=" -kernel "$work/zeros" -netdev user
refused "hostfwd=tcp::22-:0: expected tcp|udp:" -kernel "$work/zeros" -netdev user,id=n,hostfwd=tcp::22-:0
refused "net=10.0.2.0/31: expected an IPv4 address" -kernel "$work/zeros" -netdev user,id=n,net=10.0.2.0/31
refused "tftp=$work/none: No such file" -kernel "$work/zeros" -netdev user,id=n,tftp="$work/none"
refused "netdev=m: expected the id of a -netdev" -kernel "$work/zeros" -netdev user,id=n -device virtio-net-device,netdev=m
refused "netdev=n: another card has it" -kernel "$work/zeros" -netdev user,id=n -device virtio-net-device,netdev=n -device virtio-net-device,netdev=n
refused "mac=1: expected a unicast address" -kernel "$work/zeros" -device virtio-net-device,mac=1
refused "model: expected virtio-net-pci or virtio-net-device, got 'e1000'" -nic user,model=e1000
refused "path=$work/none: No such file" -kernel "$work/zeros" -fsdev local,id=f,path="$work/none"
refused "security_model: expected none|passthrough, got 'mapped-xattr'" -fsdev local,id=f,path=/,security_model=mapped-xattr
refused "mount_tag: expected 1 to 32 characters" -kernel "$work/zeros" -fsdev local,id=f,path="$work" -device virtio-9p-device,fsdev=f
refused "expected a -device virtio-serial-pci" -kernel "$work/zeros" -chardev null,id=c -device virtconsole,chardev=c
refused "chardev=c: expected the id of a -chardev" -kernel "$work/zeros" -device virtio-serial-device -device virtconsole,chardev=c
refused "id=c is in use already" -kernel "$work/zeros" -chardev null,id=c -chardev null,id=c
refused "only one of the UARTs and -chardevs can be on stdio" -kernel "$work/zeros" -chardev stdio,id=c
refused "-serial chardev:c: expected the id of a -chardev" -kernel "$work/zeros" -serial chardev:c
refused "rng=r: expected the id of an -object" -kernel "$work/zeros" -device virtio-rng-device,rng=r
refused "gic-version: expected 2, 3 or max, got '1'" -M virt,gic-version=1 -kernel "$work/zeros"
refused "nothing to run" -m 64
refused "cannot open: No such file" -kernel "$work/none"
refused "the file is empty" -kernel "$work/empty"
refused "expected a regular file" -kernel "$work"
refused "this one is for" -kernel "$(command -v env)"
refused "only gzip is supported" -kernel "$work/short"
refused "expected an arm64 Image inside" -kernel "$work/zeros.gz"
refused "truncated file?" -kernel "$work/cut.gz"
refused "damaged ELF file" -kernel "$work/short.elf"
refused "truncated file?" -kernel "$work/short.gz"
refused "expected a kernel's header of 64 bytes" -kernel "$work/short.image"
refused "expected a regular file" -kernel "$work/fifo"
refused "expected a regular file" -kernel "$work/zeros" -initrd "$work/fifo"
refused "cannot open: No such file" -kernel "$work/zeros" -initrd "$work/none"
refused "do not fit into 1 MiB" -kernel "$work/zeros" -initrd "$(command -v bash)" -m 1
refused "expected a flattened device tree" -kernel "$work/zeros" -dtb "$work/zeros"
refused "overlaps -kernel" -kernel "$work/zeros" -device "loader,file=$work/zeros,addr=0x40080000"
refused "do not lie in memory" -kernel "$work/zeros" -device "loader,file=$work/zeros,addr=0x9000000"
refused "cpu-num=5, but the machine has 1" -device "loader,file=$work/zeros,addr=0x40000000,cpu-num=5"
refused "cannot create" -kernel "$work/zeros" --stats "$work/none/none"
refused "expected a folder" -kernel "$work/zeros" --stats "$work/zeros"
refused "cannot open" -M "virt,dumpdtb=$work/none/tree" -kernel "$work/zeros"

# a guest that does nothing but fault
timeout 20 "$trapline" -kernel "$work/zeros" --max-insns 1000 </dev/null >"$work/out" 2>"$work/err"
if [ $? != 1 ] || ! grep -q "instruction limit" "$work/err"; then
	echo "FAIL --max-insns with a guest that faults for ever: $(head -n 3 "$work/err")"
	failed=$((failed + 1))
fi

# unwritten WORDS OPTION...: what cannot be written ends the run with status 1
unwritten() {
	local words=$1
	shift
	timeout 20 "$trapline" "$@" </dev/null >/dev/full 2>"$work/err"
	[ $? = 1 ] && grep -qF -- "$words" "$work/err" && return
	echo "FAIL $* >/dev/full: wanted '$words', got: $(head -n 3 "$work/err")"
	failed=$((failed + 1))
}

ln -s /dev/full "$work/full"
full="cannot write: No space left on device"
unwritten "standard output: $full" --help
unwritten "standard output: $full" --demo
unwritten "standard output: $full" --demo -serial null --digest
unwritten "-D /dev/full: $full" --demo -serial null -d int -D /dev/full
unwritten "-serial file:/dev/full: $full" --demo -serial file:/dev/full
unwritten "dumpdtb=$work/full: cannot write" -M "virt,dumpdtb=$work/full"
[ -L "$work/full" ] && [ -c /dev/full ] || failed=$((failed + 1))
# a reader that left, too
{ sleep 1; timeout 20 "$trapline" --demo </dev/null 2>"$work/err"; echo $? >"$work/status"; } | :
if [ "$(cat "$work/status")" != 1 ] || ! grep -q "Broken pipe" "$work/err"; then
	echo "FAIL --demo | : status $(cat "$work/status"), got: $(head -n 3 "$work/err")"
	failed=$((failed + 1))
fi

[ $failed = 0 ] && echo "all refused as they should be"
[ $failed = 0 ]
