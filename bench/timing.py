#!/usr/bin/env python3
"""Measures cores by the bare-metal programs timing_probe and trap_cost, and holds what they print against known answers.

usage: timing.py TRAPLINE GUESTS [--cores NAME,...] [--timing] [--functional] [--within ROW=FRACTION,...] [--wide] [--csv FILE]

GUESTS is the folder with the programs (build/release/guest). bench/timing.csv has the answers: core, row, low, high (cycles, or nanoseconds
with "ns"), source. With --timing each core runs with its timing model, else with one cycle an instruction; --functional says that each row must
then be the number of its instructions ("functional" in timing.csv) and ends with status 1 when one is not. --within ends with status 1 when the error
of a row that it names is larger than that, or unknown; "all" stands for every row whose answer is known.

Prints a table for each core: row, measured, expected, error, source; with --wide one for all, measured and in parentheses expected. The error is 0 inside the expected range, else the distance to its nearer end by that end.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CORES = "cortex-a53,cortex-a57,cortex-a72,neoverse-n1"
PROGRAMS = ("timing_probe", "trap_cost")
FIELDS = ["core", "row", "measured", "low", "high", "error", "source"]
ROUNDING = 0.02         # rows have two decimals; some share one thing among many


def answers():
    """{core: {row: (low, high, source)}}"""
    found = {}
    with open(HERE / "timing.csv", newline="") as file:
        for line in csv.DictReader(file):
            found.setdefault(line["core"], {})[line["row"]] = (line["low"], line["high"], line["source"])
    return found


def in_cycles(text, hertz):
    """A bound of timing.csv in cycles; None when that needs a clock that nobody told."""
    if not text.endswith("ns"):
        return float(text)
    return float(text[:-2]) * hertz / 1e9 if hertz else None


def measure(trapline, guests, core, timing):
    """({row: cycles}, clock: "cycles" or "ns", hertz or None)"""
    rows, clock, hertz = {}, None, None
    for program in PROGRAMS:
        with tempfile.TemporaryDirectory() as stats:
            command = [trapline, "-M", "virt,gic-version=3,virtualization=on", "-cpu", core, "-m", "256", "-nographic", "-nodefaults",
                       "-serial", "stdio", "-no-reboot", "-semihosting-config", "enable=on,target=native",
                       "-kernel", pathlib.Path(guests) / f"{program}.elf", "--stats", stats, *(["--timing", core] if timing else [])]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            config = pathlib.Path(stats) / "config.json"
            if config.exists():
                timing_of = json.loads(config.read_text()).get("timing")
                hertz = 1e12 / timing_of["clock"] if timing_of else None
        if done.returncode or "\nPASS " not in done.stdout:
            sys.exit(f"timing.py: {program} on {core}: exit status {done.returncode}, or no PASS:\n{done.stdout[-1000:]}")
        for line in done.stdout.splitlines():
            words = line.split()
            if words[0] == "timing":
                rows[words[1]] = float(words[2]) * (hertz / 1e9 if clock == "ns" and hertz else 1)
            elif words[0] == "timing-clock":
                clock = words[1]
    return rows, clock, hertz


def error(measured, low, high):
    if low <= measured <= high:
        return 0.0
    end = low if measured < low else high
    return (measured - end) / end if end else float("inf")


def compare(core, rows, expected, hertz):
    """One dictionary by FIELDS for each row."""
    found = []
    for row, measured in rows.items():
        low, high, source = expected.get(row, ("", "", ""))
        low, high = (in_cycles(bound, hertz) if bound else None for bound in (low, high))
        off = error(measured, low, high) if low is not None else None
        found.append(dict(zip(FIELDS, (core, row, measured, low, high, off, source))))
    return found


def expected_text(one):
    """What a row should be, or nothing when nobody knows."""
    if one["low"] is None:
        return ""
    return f"{round(one['low'], 2):g}" if one["low"] == one["high"] else f"{round(one['low'], 1):g} to {round(one['high'], 1):g}"


def print_wide(every):
    """All cores in one table; errors above 30 % are bold."""
    cores, rows = list(dict.fromkeys(one["core"] for one in every)), list(dict.fromkeys(one["row"] for one in every))
    print(f"| row | {' | '.join(cores)} |\n|---|{'--:|' * len(cores)}")
    cells = {(one["core"], one["row"]): one for one in every}
    for row in rows:
        line = []
        for core in cores:
            one = cells.get((core, row))
            text = f"{round(one['measured'], 2):g}" if one else ""
            if one and one["error"] is not None:
                text = f"**{text}**" if abs(one["error"]) > 0.3 else text
                text += f" ({expected_text(one)})"
            line.append(text)
        print(f"| {row} | {' | '.join(line)} |")
    print()


def print_sum(core, found):
    known = [abs(one["error"]) for one in found if one["error"] is not None]
    if known:
        print(f"{core}: {len(known)} rows with a known answer, mean error {sum(known) / len(known):.0%}, {sum(e > 0.3 for e in known)} above 30 %.\n")


def print_table(core, found):
    print(f"### {core}\n\n| row | measured | expected | error | source |\n|---|--:|--:|--:|---|")
    for one in found:
        off = "" if one["error"] is None else f"{one['error']:+.0%}" if one["error"] else "0"
        print(f"| {one['row']} | {round(one['measured'], 2):g} | {expected_text(one)} | {off} | {one['source']} |")
    print()


def wrong_functional(core, rows, clock, expected):
    """What does not cost one cycle an instruction, one line each."""
    need = {row for row in expected if clock == "cycles" or row not in ("stamp", "hvc_entry", "hvc_return")}
    lines = [f"{core}: no row {row}" for row in sorted(need - rows.keys())]
    for row, measured in rows.items():
        want = float(expected[row][0]) if row in expected else None
        if want is None or abs(measured - want) > ROUNDING:
            lines.append(f"{core}: {row} is {measured}, must be {want}")
    return lines


def beyond(found, limits):
    """What is not as near its answer as limits ("ROW=FRACTION,...") want it, one line each."""
    lines = []
    pairs = [one.split("=") for one in limits.split(",")]
    known = [one["row"] for one in found if one["error"] is not None]
    for row, limit in [(name, limit) for row, limit in pairs for name in (known if row == "all" else [row])]:
        off = [one["error"] for one in found if one["row"] == row and one["error"] is not None]
        if not off or abs(off[0]) > float(limit):
            lines.append(f"{found[0]['core']}: error of {row} is {f'{off[0]:+.1%}' if off else 'unknown'}, must be within {float(limit):.0%}")
    return lines


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], description=__doc__.split("\n")[0])
    parser.add_argument("trapline")
    parser.add_argument("guests")
    parser.add_argument("--cores", default=CORES, help=f"default {CORES}")
    parser.add_argument("--timing", action="store_true", help="with the core's timing model")
    parser.add_argument("--functional", action="store_true", help="check that each row is its number of instructions")
    parser.add_argument("--within", help="ROW=FRACTION,...: the largest errors of these rows")
    parser.add_argument("--wide", action="store_true", help="one table for all cores")
    parser.add_argument("--csv", help="also write every row to this file")
    args = parser.parse_args()
    if args.timing and args.functional:
        sys.exit("timing.py: --timing and --functional: which? A timing model does not count instructions.")
    if args.timing and "-timing" not in subprocess.run([args.trapline, "--help"], stdout=subprocess.PIPE, text=True).stdout:
        sys.exit(f"timing.py: {args.trapline} has no --timing")

    expected, every, wrong = answers(), [], []
    for core in args.cores.split(","):
        rows, clock, hertz = measure(args.trapline, args.guests, core, args.timing)
        if args.functional:
            wrong += wrong_functional(core, rows, clock, expected["functional"])
            continue
        found = compare(core, rows, expected.get(core, {}), hertz)
        if not args.wide:
            print_table(core, found)
        wrong += beyond(found, args.within) if args.within else []
        every += found
    if args.wide:
        print_wide(every)
    for core in dict.fromkeys(one["core"] for one in every):
        print_sum(core, [one for one in every if one["core"] == core])
    if args.csv:
        with open(args.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**one, "measured": round(one["measured"], 2), "error": "" if one["error"] is None else round(one["error"], 3)} for one in every)
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
