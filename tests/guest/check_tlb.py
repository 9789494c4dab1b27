#!/usr/bin/env python3
"""Runs check_tlb.elf, whose cases plant faults of TLB maintenance, and compares what --check tlb reports with what each case says.

usage: check_tlb.py TRAPLINE ELF_DIR

Also: the reports are the same with blocks of 1 and 7 instructions and with the reference mode of the TLB model; the checker's own rows
count them; and all other statistics are those of a run without it.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

MACHINE = ["-M", "virt,gic-version=3,virtualization=on", "-smp", "2", "-m", "1024", "-nographic", "-nodefaults", "-serial", "stdio",
           "-no-reboot", "-semihosting-config", "enable=on,target=native"]
KINDS = ["bbm", "stale", "dsb", "conflict", "ipa", "broadcast"]
LEAST = 20  # planted faults


def run(emulator, elf, core, *options):
    """Console and log as they came, and the lines of stats.txt."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([emulator, *MACHINE, "-cpu", core, "-kernel", elf, "--stats", out, *options], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=True)
        stats = [line for line in pathlib.Path(out, "stats.txt").read_text().splitlines() if not line.startswith("#")]
    return done.stdout.replace("\r", "").splitlines(), stats


def cases(lines):
    """(name, kinds wanted, reports) of each case."""
    found = []
    for line in lines:
        if line.startswith("CASE "):
            name, kinds = line[5:].rsplit(":", 1)
            found.append((name, kinds.split(), []))
        elif line.startswith("check: "):
            found[-1][2].append(line)
    return found


def kind(report):
    return report.split()[1].rstrip(":")


def wrong_cases(found):
    for name, wanted, reports in found:
        got = sorted({kind(r) for r in reports})
        if got != sorted(wanted):
            yield f"{name}: reported {' '.join(got) or 'nothing'}, must be {' '.join(wanted) or 'nothing'}"
            yield from (f"     {r}" for r in reports)


def wrong_counts(stats, found):
    """Each report is one of the counted; more may be counted than said."""
    said = [kind(r) for _, _, reports in found for r in reports]
    for k in KINDS:
        row = next((int(line.split()[1]) for line in stats if line.startswith(f"check.tlb.{k} ")), None)
        if row is None or row < said.count(k) or not row:
            yield f"check.tlb.{k} is {row}, and {said.count(k)} were reported"


def main(emulator, elfs):
    elf = str(pathlib.Path(elfs, "check_tlb.elf"))
    errors = []
    for core in ("neoverse-n1", "cortex-a57"):
        lines, stats = run(emulator, elf, core, "--check", "tlb,lines=1000")
        found = cases(lines)
        planted = [c for c in found if c[1]]
        errors += wrong_cases(found)
        errors += wrong_counts(stats, found)
        if len(planted) < LEAST or not re.match("PASS ", lines[-1]):
            errors.append(f"{core}: {len(planted)} faults planted, and the last line is {lines[-1]}")
        for way in (["--max-block", "1"], ["--max-block", "7"], ["--tlb-reference"]):
            if run(emulator, elf, core, "--check", "tlb,lines=1000", *way)[0] != lines:
                errors.append(f"{core}: other reports with {' '.join(way)}")
        if [s for s in stats if not s.startswith("check.")] != run(emulator, elf, core)[1]:
            errors.append(f"{core}: the checker changes other statistics")
        print(f"{core}: {len(planted)} faults planted, {len(found) - len(planted)} cases without")
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
