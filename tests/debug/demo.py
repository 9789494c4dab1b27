"""A gdb script for `trapline --demo`: two VMs and their hypervisor are followed through traps, returns and each other's memory.

Run by run.py. The guests' code runs at IPA 0x80000000 and is linked elsewhere; the hypervisor's names are right as they are.
"""
import os

import gdb

PAGE = 0x100000000  # mapped by each guest to a page of its own


def run(command):
    return gdb.execute(command, to_string=True)


def value(expression):
    return int(gdb.parse_and_eval(expression).cast(gdb.lookup_type("unsigned long")))


stops = []
gdb.events.stop.connect(stops.append)


def go(breakpoint):
    """Goes on to the next stop, which is that of breakpoint number `breakpoint`."""
    del stops[:]
    run("continue")
    expect("stops", len(stops), 1)
    numbers = [b.number for b in getattr(stops[0], "breakpoints", [])]
    expect("breakpoints", numbers, [breakpoint])


def expect(what, seen, wanted):
    if seen != wanted:
        raise gdb.GdbError(f"{what}: wanted {wanted!r}, got {seen!r}")


def expect_in(what, text, part):
    if part not in text:
        raise gdb.GdbError(f"{what}: wanted {part!r} in {text!r}")


def at_hypervisor_entry():
    """The guest's first trap, seen from EL2."""
    run("hbreak *(vectors + 0x400)")
    go(1)
    expect("EL", value("$CurrentEL") >> 2, 2)
    expect("exception class", value("$ESR_EL2") >> 26, 0x16)
    expect_in("HCR_EL2", run("print $HCR_EL2"), "[ VM SWIO FMO IMO AMO BSU=0 TWI RW ]")
    expect_in("ESR_EL2", run("print $ESR_EL2"), "IL EC=22")


def in_the_guests_memory():
    """Its instruction, by its own addresses, while EL2 stands."""
    address = value("$ELR_EL2") - 4
    run("monitor mem el1")
    expect_in("guest's code", run(f"x/i {address}"), "hvc\t#0x1")
    run("monitor mem current")
    expect_in("own code", run("x/i $pc"), "stp\tx0, x1, [sp, #-16]!")


def over_eret():
    run("delete")
    run("break *(enter_guest + 0x68)")
    go(2)
    expect_in("instruction", run("x/i $pc"), "eret")
    back = value("$ELR_EL2")
    run("stepi")
    expect("PC behind ERET", value("$pc"), back)
    expect("EL behind ERET", value("$CurrentEL") >> 2, 1)
    expect_in("threads", run("info threads"), "CPU#0 [EL1, VMID 1, Non-secure]")
    run("delete")


def over_hvc_and_into_it():
    while "hvc" not in run("x/i $pc"):
        run("stepi")
    pc = value("$pc")
    run("stepi")
    expect("PC behind HVC", value("$pc"), pc + 4)
    expect("EL behind HVC", value("$CurrentEL") >> 2, 1)
    while "hvc" not in run("x/i $pc"):
        run("stepi")
    run("monitor step-irq on")
    run("stepi")
    expect("PC in HVC", value("$pc"), value("(long)&vectors + 0x400"))
    run("monitor step-irq off")


def at_a_guests_page():
    """Both VMs read their page: one address, two memories."""
    run(f"awatch *(unsigned long *){PAGE}")
    seen = []
    for _ in range(4):
        go(3)
        expect_in("the access", run("x/i $pc - 4"), "ldr\t")
        seen.append((value("$VTTBR_EL2") >> 48, value(f"*(unsigned long *){PAGE}")))
    expect("reads", sorted(set(seen)), [(1, 0x1111111111111111), (2, 0x2222222222222222)])
    run("delete")


def thousand_steps():
    run("stepi 1000")
    expect("EL after 1,000 steps", value("$CurrentEL") >> 2, 2)
    run("info registers")
    run("x/64xb $sp - 64")


def main():
    for line in ("confirm off", "height 0", "width 0", "architecture aarch64"):
        run("set " + line)
    run("file " + os.environ["GDB_SYMBOLS"])
    run("target remote " + os.environ["GDB_SOCKET"])
    expect_in("threads", run("info threads"), "CPU#0 [EL2, Non-secure]")
    thousand_steps()
    at_hypervisor_entry()
    in_the_guests_memory()
    over_eret()
    over_hvc_and_into_it()
    at_a_guests_page()
    run("detach")


try:
    main()
except (gdb.GdbError, gdb.error) as e:
    print(f"demo.py: {e}")
    gdb.execute("quit 1")
