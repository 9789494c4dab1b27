#!/usr/bin/env python3
"""What Trapline's own layers cost: counting, the TLB checker, timing models and traces, each against the plain run and QEMU, in turns.

usage: cost.py IMAGES TRAPLINE [--bare TRAPLINE] [--qemu PROGRAM] [--scenarios NAME,...] [--variants NAME,...] [--runs N] [--instructions N] [--csv FILE]

Variants:
  default   as it is
  bare      --bare: a build with -DTRAPLINE_NO_COUNTERS=ON, which counts nothing
  stats     --stats: the files written at the end
  check     --check tlb
  timing    --timing: the core's model
  trace     --trace FILE.pftrace
  qemu      --qemu (default qemu-system-aarch64)
A variant that the program does not have is left out, and said so. The cost is user time, and instructions of the host in user mode where perf can count them.
Host seconds on a machine that does other things tell differences of a few percent badly, so --instructions N (which wants valgrind) counts those that the host executes for
the first N instructions of the guest, which comes out nearly the same each time; QEMU has no part in that.

Prints medians, and medians of the turns' ratios to default and to qemu. The CSV has the columns of run.py's.
"""
import argparse
import csv
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from run import FIELDS, boot, command_line

SCENARIOS = "linux-bench,xen"
VARIANTS = ("default", "bare", "stats", "check", "timing", "trace", "qemu")
NEEDS = {"check": "-check", "timing": "-timing", "trace": "-trace"}


def have(args):
    """[variant], in the order of VARIANTS, and a line on standard error for each that is left out."""
    text = subprocess.run([args.trapline, "--help"], stdout=subprocess.PIPE, text=True).stdout
    found = []
    for variant in args.variants.split(","):
        why = None
        if variant not in VARIANTS:
            sys.exit(f"cost.py: no variant {variant}; there are {', '.join(VARIANTS)}")
        if variant in NEEDS and not re.search(rf"^ +-?{NEEDS[variant]}\b", text, re.MULTILINE):
            why = f"{args.trapline} has no -{NEEDS[variant]}"
        elif variant == "bare" and not args.bare:
            why = "no --bare build"
        elif variant == "qemu" and not shutil.which(args.qemu):
            why = f"no {args.qemu}"
        if why:
            print(f"cost.py: {variant} is left out: {why}", file=sys.stderr)
        else:
            found.append(variant)
    return sorted(found, key=VARIANTS.index)


def program(args, variant, folder):
    """The words before the scenario's options."""
    return {"default": [args.trapline], "bare": [args.bare], "qemu": [args.qemu], "stats": [args.trapline, "--stats", f"{folder}/stats"],
            "check": [args.trapline, "--check", "tlb"], "timing": [args.trapline, "--timing"],
            "trace": [args.trapline, "--trace", f"{folder}/out.pftrace"]}[variant]


def perf_counts():
    """Whether perf can count instructions here; a virtual machine often cannot."""
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], stderr=subprocess.PIPE, text=True)
    return done.returncode == 0 and "not" not in done.stderr


def measure(args, variant, options, perf):
    """[(measure, unit, value)] of one run."""
    with tempfile.TemporaryDirectory() as folder:
        counted = pathlib.Path(folder) / "perf"
        prefix = ["perf", "stat", "-x,", "-e", "instructions:u", "-o", counted, "--"] if perf else []
        wall, usage, _ = boot([*prefix, *program(args, variant, folder), *options])
        rows = [("user", "s", usage.ru_utime), ("wall", "s", wall)]
        if perf:
            line = next(line for line in counted.read_text().splitlines() if "instructions" in line)
            rows.append(("instructions", "instruction", float(line.split(",")[0])))
    return rows


def count_instructions(args, variant, options):
    """What the host executes for the first args.instructions of the guest, by valgrind."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
                   *program(args, variant, folder), *options, "-max-insns", str(args.instructions)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    found = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if not found:
        sys.exit(f"cost.py: valgrind of {variant}:\n{done.stderr[-1000:]}")
    return [("host_instructions", "instruction", float(found.group(1).replace(",", "")))]


def ratio(rows, scenario, variant, to, what):
    """The median of the turns' ratios; None when one of both was not measured."""
    values = [[row["value"] for row in rows if (row["scenario"], row["emulator"], row["measure"]) == (scenario, name, what)] for name in (variant, to)]
    pairs = list(zip(*values))
    return statistics.median(a / b for a, b in pairs) if pairs else None


def print_table(rows, variants, scenarios, what, digits):
    print(f"| scenario | variant | {what} | to default | to bare | to qemu |\n|---|---|--:|--:|--:|--:|")
    for scenario in scenarios:
        for variant in variants:
            found = [row["value"] for row in rows if (row["scenario"], row["emulator"], row["measure"]) == (scenario, variant, what)]
            if not found:
                continue
            ratios = [ratio(rows, scenario, variant, to, what) if to != variant else None for to in ("default", "bare", "qemu")]
            cells = [f"{one:.3f}" if one else "" for one in ratios]
            print(f"| {scenario} | {variant} | {statistics.median(found):.{digits}f} | {' | '.join(cells)} |")
    print()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], description=__doc__.split("\n")[0])
    parser.add_argument("images")
    parser.add_argument("trapline")
    parser.add_argument("--bare", help="a build without counters")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--scenarios", default=SCENARIOS, help=f"default {SCENARIOS}")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="default: all")
    parser.add_argument("--runs", type=int, default=3, help="turns (default 3)")
    parser.add_argument("--instructions", type=int, default=0, help="count the host's instructions for so many of the guest, with valgrind")
    parser.add_argument("--csv", help="also write every measure to this file")
    args = parser.parse_args()
    if args.instructions and not shutil.which("valgrind"):
        sys.exit("cost.py: --instructions needs valgrind")

    variants, scenarios = have(args), args.scenarios.split(",")
    options = {scenario: command_line(args.images, scenario) for scenario in scenarios}
    perf = not args.instructions and perf_counts()
    if args.instructions:
        variants = [variant for variant in variants if variant != "qemu"]
    elif not perf:
        print("cost.py: perf cannot count instructions here: user time alone", file=sys.stderr)

    rows = []
    for run in range(1, args.runs + 1):
        for scenario in scenarios:
            for variant in variants if run % 2 else reversed(variants):
                one = count_instructions(args, variant, options[scenario]) if args.instructions else measure(args, variant, options[scenario], perf)
                rows += [dict(zip(FIELDS, (run, scenario, variant, *each))) for each in one]
                print(f"run {run} of {args.runs}: {scenario}, {variant}: {one[0][2]:.2f}", file=sys.stderr)
    if args.csv:
        with open(args.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "value": round(row["value"], 3)} for row in rows)
    for what, digits in (("user", 2), ("instructions", 0), ("host_instructions", 0)):
        if any(row["measure"] == what for row in rows):
            print_table(rows, variants, scenarios, what, digits)


if __name__ == "__main__":
    main()
