#!/usr/bin/env python3
"""Boots the same images on Trapline and on other emulators, in turns, and compares what they cost.

The command lines are those of tests/boot/scenarios.sh. Seconds depend on the machine and on what else runs there; ratios of runs
that took turns mean something. Every second turn goes the other way round: who comes later finds memory that the host just
gave (of a virtual machine, that alone can be seconds).

usage: run.py IMAGES TRAPLINE [EMULATOR...] [--runs N] [--scenarios NAME,...] [--csv FILE]

EMULATOR is anything that takes QEMU's command line (default: qemu-system-aarch64 of the PATH).

The scenarios fp-matmul, fp-fft and fp-conv are the programs of bench/fp (bench/fp/make-initrd.sh IMAGES puts them into an initrd).
What they cost is the user time of the whole run less that of fp-boot, the same boot without a program, in the same turn. They print
a checksum of their results; emulators that do not agree on it end the program.

Prints a table of medians. The CSV has one row a measure: run, scenario, emulator, measure, unit, value
(pandas.read_csv(FILE).pivot_table("value", ["scenario", "emulator"], "measure", "median")).
"""
import argparse
import csv
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SCENARIOS = HERE.parent / "tests" / "boot" / "scenarios.sh"
DEFAULT = "linux-bench,linux-a57,xen"
BOOT_ONLY = "fp-boot"
PROGRAMS = {BOOT_ONLY: "", "fp-matmul": "matmul", "fp-fft": "fft", "fp-conv": "conv"}
FIELDS = ["run", "scenario", "emulator", "measure", "unit", "value"]
MIB = 1 << 20


def command_line(images, scenario):
    """The options of one scenario, for any emulator."""
    if scenario in PROGRAMS:
        options = command_line(images, "linux-a57")
        options[options.index("-initrd") + 1] = str(pathlib.Path(images) / "initrd-fp.gz")
        options[options.index("-append") + 1] += f" rdinit=/fp/init -- {PROGRAMS[scenario]}"
        return options
    done = subprocess.run([SCENARIOS, images, scenario], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"run.py: --scenarios {scenario}: see the line above")
    return done.stdout.splitlines()


def version(emulator):
    """How the emulator calls itself, in a word and a number."""
    words = subprocess.run([emulator, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    number = next((word for word in words if word[0].isdigit()), "?")
    return f"{'qemu' if words[0] == 'QEMU' else words[0].lower()}-{number}"


def boot(command):
    """Runs to the end; (wall seconds, resource usage, checksum that the guest printed or None). Leaves the program when the guest did not do its work."""
    with tempfile.TemporaryFile() as console:
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        console.seek(0)
        text = console.read()
    if child.returncode or b"GUEST-DONE" not in text:
        sys.stderr.buffer.write(text[-2000:])
        sys.exit(f"run.py: exit status {child.returncode} and no GUEST-DONE, or not both good: {' '.join(map(str, command))}")
    checksum = re.search(rb"CHECKSUM \w+ \w+", text)
    return wall, usage, checksum and checksum.group().decode()


def measure(emulator, options, is_ours):
    """One run: ([(measure, unit, value)], checksum)."""
    with tempfile.TemporaryDirectory() as stats:
        wall, usage, checksum = boot([emulator, *options, *(["--stats", stats] if is_ours else [])])
        rows = [("user", "s", usage.ru_utime), ("system", "s", usage.ru_stime), ("wall", "s", wall),
                ("peak_resident", "MiB", usage.ru_maxrss * 1024 / MIB)]
        if is_ours:
            host = json.loads((pathlib.Path(stats) / "host.json").read_text())
            rows += [("instructions", "instruction", host["instructions"]),
                     ("speed", "instruction/s", host["instructions"] / usage.ru_utime),
                     ("ram_resident", "MiB", host["guest_ram_resident_bytes"] / MIB)]
    return rows, checksum


def cost(scenario):
    """The measure that says what the scenario's work costs."""
    return "work" if scenario in PROGRAMS and scenario != BOOT_ONLY else "user"


def check_checksums(seen, scenario, name, checksum):
    """Leaves the program when emulators computed different results; seen: {scenario: (name, checksum)}."""
    first = seen.setdefault(scenario, (name, checksum))
    if first[1] != checksum:
        sys.exit(f"run.py: {scenario}: {first[0]} says {first[1]}, {name} says {checksum}")


def print_table(rows, names, scenarios):
    """Medians over all turns; ratios of Trapline (the first name) to each other emulator are medians of the turns' ratios."""
    def values(scenario, name, what):
        return [row["value"] for row in rows
                if (row["scenario"], row["emulator"], row["measure"]) == (scenario, name, what)]

    def median(*key):
        found = values(*key)
        return statistics.median(found) if found else None

    def ratio(scenario, name, what):
        pairs = zip(values(scenario, names[0], what), values(scenario, name, what))
        return statistics.median(ours / theirs for ours, theirs in pairs)

    print("| scenario | emulator | work s | wall s | peak RSS MiB | beyond guest RAM MiB | M insn/s | work ratio | wall ratio |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for scenario in scenarios:
        for name in names:
            cells = [f"{median(scenario, name, what):.{digits}f}"
                     for what, digits in ((cost(scenario), 2), ("wall", 2), ("peak_resident", 0))]
            if name == names[0]:
                cells += [f"{median(scenario, name, 'peak_resident') - median(scenario, name, 'ram_resident'):.0f}",
                          f"{median(scenario, name, 'speed') / 1e6:.0f}", "", ""]
            else:
                cells += ["", "", f"{ratio(scenario, name, cost(scenario)):.2f}", f"{ratio(scenario, name, 'wall'):.2f}"]
            print(f"| {scenario} | {name} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], description=__doc__.split("\n")[0])
    parser.add_argument("images")
    parser.add_argument("trapline")
    parser.add_argument("others", nargs="*")
    parser.add_argument("--runs", type=int, default=5, help="turns (default 5)")
    parser.add_argument("--scenarios", default=DEFAULT, help=f"default {DEFAULT}")
    parser.add_argument("--csv", help="also write every measure to this file")
    args = parser.parse_args()

    paths = [args.trapline, *(args.others or ["qemu-system-aarch64"])]
    missing = [path for path in paths if not shutil.which(path)]
    if missing:
        sys.exit(f"run.py: {missing[0]}: no such program")
    names = [version(path) for path in paths]
    if len(set(names)) < len(names):
        sys.exit(f"run.py: two emulators of one version: {' '.join(names)}")
    scenarios = args.scenarios.split(",")
    if any(cost(scenario) == "work" for scenario in scenarios):
        scenarios = [BOOT_ONLY, *(scenario for scenario in scenarios if scenario != BOOT_ONLY)]
    options = {scenario: command_line(args.images, scenario) for scenario in scenarios}

    rows, checksums, boot_user = [], {}, {}
    for run in range(1, args.runs + 1):
        for scenario in scenarios:
            turn = list(zip(paths, names))
            for path, name in turn if run % 2 else reversed(turn):
                found, checksum = measure(path, options[scenario], path == args.trapline)
                check_checksums(checksums, scenario, name, checksum)
                if scenario == BOOT_ONLY:
                    boot_user[name] = found[0][2]
                elif cost(scenario) == "work":
                    found.append(("work", "s", found[0][2] - boot_user[name]))
                rows += [dict(zip(FIELDS, (run, scenario, name, *one))) for one in found]
                print(f"run {run} of {args.runs}: {scenario} on {name}: {found[0][2]:.2f} s user, {found[2][2]:.2f} s wall", file=sys.stderr)
    if args.csv:
        with open(args.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows({**row, "value": round(row["value"], 3)} for row in rows)
    print_table(rows, names, scenarios)


if __name__ == "__main__":
    main()
