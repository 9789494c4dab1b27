#!/usr/bin/env python3
"""Compares a console with golden/SCENARIO.txt, which qemu-system-aarch64 11.1 printed on the same images.

Times and addresses are replaced first (they depend on speed and on the size of the device tree). Then both are compared as
bags of lines: threads of a booting kernel may print in another order, but every line must be there as often. A line that differs
must match an expression of allowed.txt, which holds at most 25, each with its reason and with what will remove it.

A golden of another kernel says nothing about lines; then that is said, and only boot.sh's expressions count.

usage: compare.py SCENARIO CONSOLE    prints the differing lines; status 1 when one is not allowed
"""
import collections
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
MOST_ALLOWED = 25

# (expression, replacement), in this order
TIMES = [
    (r"^\[ *\d+\.\d+\] ?", ""),
    (r"\(XEN\) \[[^]]*\] ", "(XEN) "),
    (r"^(\(XEN\) DOM\d+: )\[ *\d+\.\d+\] ?", r"\1"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d UTC \(\d+\)", "DATE"),
    (r"\baudit\(\d+\.\d+:", "audit(TIME:"),
    (r"\b\d+ms\b", "Nms"),
    (r"^(real|user|sys)\t.*", r"\1 TIME"),
]
ADDRESSES = [
    (r"0x[0-9a-f]{8,}", "ADDR"),
    (r"@[0-9a-f]{8,16}\b", "@ADDR"),
    (r"\b[0-9a-f]{16}\b", "ADDR"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),  # mke2fs draws it
    (r"^(Freeing initrd memory: )\d+K", r"\1NK"),  # the packer's doing
    (r"\b\d+K reserved", "NK reserved"),  # page tables, which depend on where KASLR puts the kernel
]
# numbers in these lines say what the machine is
IDENTITY = re.compile(r"physical CPU|secondary processor|VTCR|Features|Processor:|mask:|\(XEN\) +[0-9a-f]{16}|Booted")
KERNEL = re.compile(r"^(Linux version|\(XEN\) Xen version) (.*)")


def normal(line):
    line = line.rstrip()
    for expression, to in TIMES:
        line = re.sub(expression, to, line)
    if not IDENTITY.search(line):
        for expression, to in ADDRESSES:
            line = re.sub(expression, to, line)
    return line.strip()


def lines_of(path):
    text = path.read_bytes().decode("utf-8", "replace").replace("\r", "")
    return [normal(line) for line in text.split("\n")]


def versions(lines):
    found = set()
    for line in lines:
        match = KERNEL.match(line)
        if match:
            found.add(match.group(2))
    return found


def allowed_expressions():
    """The expressions of allowed.txt: EXPRESSION <tab> REASON <tab> WHAT WILL REMOVE IT."""
    found = []
    for number, line in enumerate((HERE / "allowed.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = [part for part in line.split("\t") if part]
        if len(parts) != 3:
            sys.exit(f"allowed.txt:{number}: expected expression, reason and remover, separated by tabs")
        found.append(re.compile(parts[0]))
    if len(found) > MOST_ALLOWED:
        sys.exit(f"allowed.txt: {len(found)} expressions; at most {MOST_ALLOWED} are allowed")
    return found


def main():
    scenario, console = sys.argv[1], lines_of(pathlib.Path(sys.argv[2]))
    golden = lines_of(HERE / "golden" / f"{scenario}.txt")
    allowed = allowed_expressions()
    if versions(console) and versions(console) != versions(golden):
        print("not compared: the golden console is of another kernel or hypervisor:")
        print(f"  golden:  {'; '.join(sorted(versions(golden)))}")
        print(f"  console: {'; '.join(sorted(versions(console)))}")
        return 0
    bag, want = collections.Counter(console), collections.Counter(golden)
    bad = 0
    for sign, lines in (("-", want - bag), ("+", bag - want)):
        for line, count in lines.items():
            fine = not line or any(expression.search(line) for expression in allowed)
            bad += not fine
            if line:
                print(f"{sign} {line}{f'  (x{count})' if count > 1 else ''}{'  (allowed)' if fine else ''}")
    print(f"{bad} lines differ that may not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
