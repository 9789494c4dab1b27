#!/usr/bin/env bash
# The screens of the monitor's info commands in a real run: Xen with Linux as dom0 is stopped where Xen writes a list register, and what
# the screens say is what a hypervisor in that place must have done. The end digest is that of a run without.
#
# usage: screens.sh IMAGES EMULATOR
set -u
here=$(cd "$(dirname "$0")" && pwd)
images=$1
emulator=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
# shellcheck source=tests/boot/scenarios.sh
. "$here/scenarios.sh"
scenario "$images" xen
for file in "${needs[@]}"; do
	[ -e "$images/$file" ] || { echo "no $file in $images"; exit 77; }
done
python3 "$here/../tutorial/symbols.py" "$images/xen-4.17" "$work/xen.elf" >/dev/null || exit 1

# without the terminal, which the monitor gets
command=("$emulator")
for option in "${options[@]}"; do
	case $option in
	-nographic) ;;
	stdio) command+=("file:$work/console") ;;
	*) command+=("$option") ;;
	esac
done

"${command[@]}" --digest >"$work/without" 2>&1 </dev/null
mv "$work/console" "$work/console.without"
{
	echo 'symbols '"$work/xen.elf"
	echo 'break gicv3_ich_write_lr'
	for _ in 1 2; do
		printf '%s\n' continue 'info gic' 'info gic 1' 'info its' 'info timers' 'info devices' 'info exits' 'info vms' 'info status'
	done
	printf '%s\n' 'delete 1' continue
} | "${command[@]}" --digest -S -monitor stdio >"$work/with" 2>&1

says() {
	if grep -qE -- "$1" "$work/with"; then echo "ok   $1"; else echo "FAIL the screens do not say: $1"; status=1; fi
}

says '^breakpoint 1 at .*hit 2'
says '^PE 0: GICv3, one security state, SPIs 32-287$'
says '^ +27  (pending\+)?active +yes +1 +0xa0  level (high|low) +PE 0 +virtual timer$'
says '^ +33 +yes +1 +0xa0  level low +PE 0 +pl011$'
says '^  ICH_HCR_EL2     0x00000001: En EOIcount 0$'
says '^   0  0x10a0000000000010  inactive +16 +1  0xa0 +at 0x[0-9a-f]+ <gicv3_ich_write_lr\+0x[0-9a-f]+>, EL2, [0-9.]+ us$'
says '^ITS: off$'
says '^PE 1: counter 0x[0-9a-f]+ of 62500000 Hz'
says '^  CNTV   on,masked,met .* 27  low +met$'
says '^ +[0-9.]+ us  in [0-9.]+ us  PE 0: CNTHP$'
says '^0x000009000000-0x000009000fff  pl011, INTID 33, [0-9]+ reads, [0-9]+ writes$'
says '^    UARTCR 0x301: on sends receives; '
says '^VM 1 \(VMID 1\)$'
says '^  HVC64 +[1-9]'
says '^VM 1: VTTBR_EL2.BADDR 0x[0-9a-f]+, VMID 1; [1-9][0-9]* instructions at EL1, 0 at EL0$'
says '^stopped, virtual time [0-9.]+ us, [0-9]+ instructions$'
says '^PE 0: EL2h, no VM, PC 0x[0-9a-f]+; '
if [ -n "$(grep '^digest ' "$work/without")" ] && [ "$(grep '^digest ' "$work/without")" = "$(grep -o 'digest .*' "$work/with")" ] &&
	cmp -s "$work/console" "$work/console.without"; then
	echo "ok   same console and end digest with and without the screens"
else
	echo "FAIL console or end digest changed: $(grep -h -o 'digest .*' "$work/without" "$work/with" | tr '\n' ' ')"
	status=1
fi
[ $status = 0 ] || cat "$work/with"
exit $status
