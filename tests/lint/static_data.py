#!/usr/bin/env python3
"""Checks that our libraries have no mutable static data: two machines in one process must not meet.

The one exception is frontend/rescue.c, whose signal handler can be handed nothing.

usage: static_data.py LIBRARY...  prints every violation; status 1 when there is one
"""
import re
import subprocess
import sys

# a line of `objdump -t`: address, seven flag columns (the last: O object), section, size, name
SYMBOL = re.compile(r"^[0-9a-f]+ .{6}O (\S+)\s+[0-9a-f]+ (\S+)$")
MEMBER = re.compile(r"^(\S+):\s+file format")
WRITABLE = re.compile(r"^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")
EXEMPT = {"rescue.c.o"}


def main():
    bad = 0
    for library in sys.argv[1:]:
        listing = subprocess.run(["objdump", "-t", library], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        member = ""
        for line in listing.splitlines():
            header = MEMBER.match(line)
            if header:
                member = header.group(1)
            found = SYMBOL.match(line)
            if found and WRITABLE.match(found.group(1)) and member not in EXEMPT:
                print(f"{library}({member}): {found.group(2)} is static data that can change")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
