#!/usr/bin/env python3
"""Checks the machine code of the release build: no instruction handler dispatches by a call.

A handler (exec_*) must reach the next one by a jump, or the stack grows with every instruction of the guest. gcc makes a call
of it as soon as the address of a local escapes.

usage: handlers.py LIBCPU_A       prints every violation; status 1 when there is one
"""
import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
INDIRECT_CALL = re.compile(r"\bcall\s+\*")
INDIRECT_JUMP = re.compile(r"\bjmp\s+\*")
# Handlers that call out of the PE, and then leave the block instead of dispatching.
CALLS_OUT = {"exec_sev"}  # the machine wakes the other PEs
LEAST = 100  # fewer handlers than this: the names changed and the lint looks at nothing


def main():
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", sys.argv[1]], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    handlers, jumps, bad = 0, 0, 0
    name = None
    for line in listing.splitlines():
        header = FUNCTION.match(line)
        if header:
            name = header.group(1) if header.group(1).startswith("exec_") else None
            handlers += name is not None
        elif name and name not in CALLS_OUT and INDIRECT_CALL.search(line):
            print(f"{name}: dispatches by a call: {line.strip()}")
            bad += 1
        elif name and INDIRECT_JUMP.search(line):
            jumps += 1
    if handlers < LEAST or jumps < LEAST:
        print(f"expected at least {LEAST} handlers that jump on, found {handlers} with {jumps} jumps")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
