#!/usr/bin/env python3
"""Compares our device trees with golden/virt-gicv*.dts, which qemu-system-aarch64 11.1 wrote for the same machines: the same nodes
and properties in the same order with the same values, but for the devices of ABSENT, numbers of phandles, random seeds, and:
d-cache-sets of the Cortex-A57 (QEMU says 128 sets of 4 ways, the core's CCSIDR and its manual 256 sets of 2).

usage: tree.py TRAPLINE        needs dtc; status 1 and the differences when there are any, 77 without dtc
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MACHINE = ["-cpu", "cortex-a57", "-smp", "2", "-m", "2048"]
GOLDEN = {"virt-gicv3.dts": "virt,gic-version=3,virtualization=on", "virt-gicv2.dts": "virt,virtualization=on"}
# Nodes that wait for their device.
ABSENT = re.compile(r"^/platform-bus\b")
# phandles are numbered in order of creation, so they depend on which devices there are
NUMBERED = {"phandle", "interrupt-parent", "clocks", "cpu", "kaslr-seed", "rng-seed", "d-cache-sets", "gpios"}


def nodes(dts):
    """[(path, [(property, value)])] in order of appearance."""
    found, path = [], []
    for line in dts.splitlines():
        line = line.strip()
        if line.endswith("{"):
            path.append("" if line[0] == "/" else line[:-1].strip())
            found.append(("/".join(path) or "/", []))
        elif line == "};":
            path.pop()
        elif line.endswith(";") and path:
            name, _, value = line[:-1].partition(" = ")
            found[-1][1].append((name, None if name in NUMBERED else value))  # properties come first
    return found


def dump(trapline, board, machine=MACHINE):
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "tree"
        subprocess.run([trapline, "-M", board, *machine, "-machine", f"dumpdtb={tree}"], check=True)
        return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", tree], check=True, text=True,
                              stdout=subprocess.PIPE).stdout


def compare(trapline, name, board):
    golden = pathlib.Path(__file__).resolve().parent / "golden" / name
    want = [node for node in nodes(golden.read_text()) if not ABSENT.search(node[0])]
    have = nodes(dump(trapline, board))
    bad = 0
    if [path for path, _ in want] != [path for path, _ in have]:
        print(f"{name}: nodes differ:", [p for p, _ in want], [p for p, _ in have], sep="\n")
        bad += 1
    have_by_path = dict(have)
    for path, properties in want:
        if path in have_by_path and have_by_path[path] != properties:
            print(f"{name}: {path}:\n  wanted {properties}\n  got    {have_by_path[path]}")
            bad += 1
    return bad


def without_pmu(trapline):
    """-cpu X,pmu=off takes the node away, and nothing else."""
    board = GOLDEN["virt-gicv3.dts"]
    full, less = (nodes(dump(trapline, board, ["-cpu", core])) for core in ("cortex-a57", "cortex-a57,pmu=off"))
    if [node for node in full if node[0] != "/pmu"] == less != full:
        return 0
    print("pmu=off:", less)
    return 1


def main():
    if not shutil.which("dtc"):
        return 77
    if without_pmu(sys.argv[1]):
        return 1
    return 1 if sum(compare(sys.argv[1], name, board) for name, board in GOLDEN.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
