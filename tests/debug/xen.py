"""A gdb script for the boot scenario xen: Ctrl-C into the running machine, a thousand steps, breakpoints, memory, detach and reattach.

Run by run.py, which sees that nothing of it changes the run. No symbols: what is looked for stands in registers.
"""
import os
import signal
import threading

import gdb

stops = []
gdb.events.stop.connect(stops.append)


def run(command):
    return gdb.execute(command, to_string=True)


def value(expression):
    return int(gdb.parse_and_eval(expression).cast(gdb.lookup_type("unsigned long")))


def expect(what, seen, wanted):
    if seen != wanted:
        raise gdb.GdbError(f"{what}: wanted {wanted!r}, got {seen!r}")


def ctrl_c_after(seconds):
    """As the user types it: a signal to gdb, which waits for the machine."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    del stops[:]
    timer.start()
    run("continue")
    timer.join()
    expect("stops", len(stops), 1)
    expect("signal", stops[0].stop_signal, "SIGINT")


def go(breakpoint):
    del stops[:]
    run("continue")
    expect("breakpoints", [b.number for b in getattr(stops[0], "breakpoints", [])], [breakpoint])


def each_thread():
    for thread in ("1", "2"):
        run("thread " + thread)
        run("info registers")
        run("x/32xb $sp")
        run("x/8i $pc")
    text = run("info threads")
    if "CPU#0 [EL" not in text or "CPU#1 [EL" not in text:
        raise gdb.GdbError(text)


def at_the_hypervisors_entry():
    """Where a guest's traps go, which is EL2's vector for a lower exception level."""
    run(f"hbreak *{value('$VBAR_EL2') + 0x400:#x}")
    go(1)
    expect("EL", value("$CurrentEL") >> 2, 2)
    expect("returns to", value("$SPSR_EL2") >> 2 & 3 < 2, True)
    run("monitor mem el1")
    run("x/4i $ELR_EL2")
    run("monitor mem current")
    run("delete")
    run("stepi 1000")


def main():
    for line in ("confirm off", "height 0", "width 0", "architecture aarch64"):
        run("set " + line)
    for seconds in (0.5, 0.3):
        run("target remote " + os.environ["GDB_SOCKET"])
        ctrl_c_after(seconds)
        each_thread()
        run("detach")
    run("target remote " + os.environ["GDB_SOCKET"])
    at_the_hypervisors_entry()
    run("detach")


try:
    main()
except (gdb.GdbError, gdb.error) as e:
    print(f"xen.py: {e}")
    gdb.execute("quit 1")
