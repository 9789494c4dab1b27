#!/usr/bin/env python3
"""What regions, intervals and points of a run count: regions.py TRAPLINE ELF_DIR

marker.c and marker_page.c know how many instructions they run between a begin and an end. Every way to cut the run (blocks of 1, 7
or any number of instructions, intervals by instructions and by time) must give exactly those, intervals must add up to the total, and
nothing of it may change the machine's digest.
"""
import collections
import csv
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

OPTIONS = ["-M", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-nodefaults", "-serial",
           "stdio", "-semihosting-config", "enable=on,target=native"]
bad = []


def check(what, got, want):
    if got != want:
        bad.append(f"{what}: got {got!r}, expected {want!r}")


class Run:
    """One run, and the blocks of its stats.csv: kind, label, time and values by (place, name)."""

    def __init__(self, trapline, elf, *more, smp="1", stats=True):
        with tempfile.TemporaryDirectory() as out:
            command = [trapline, *OPTIONS, "-smp", smp, "-kernel", elf, "--digest", *more, *(["--stats", out] if stats else [])]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
            self.output, self.status = done.stdout, done.returncode
            self.digest = next((line for line in self.output.splitlines() if line.startswith("digest")), "none")
            self.files = {}
            for path in sorted(pathlib.Path(out).iterdir()):
                if path.name.startswith("stats."):
                    self.files[path.name] = "\n".join(line for line in path.read_text().splitlines() if "# command" not in line)
        self.blocks, self.marks = [], []
        number = None
        for row in csv.DictReader(self.files.get("stats.csv", "").splitlines()):
            if row["kind"] == "mark":
                self.marks.append((row["label"], int(row["value"])))
                continue
            if row["dump"] != number:
                number = row["dump"]
                self.blocks.append((row["kind"], row["label"], int(row["time"]), {}))
            place = tuple(row[key] for key in ("group", "pe", "el", "vm", "vmid"))
            self.blocks[-1][3][place, row["name"]] = int(row["value"])

    def of(self, kind):
        return [block for block in self.blocks if block[0] == kind]


def insns(block):
    return block[3].get((("total", "", "", "", ""), "insns"), 0)


def sums(run, what):
    """The intervals add up to the total, row by row, but for states and extremes."""
    added = collections.Counter()
    for block in run.of("interval"):
        for key, value in block[3].items():
            added[key] += value
    total = run.of("total")[0][3]
    for key, value in total.items():
        if not key[1].endswith((".min", ".max", "in_guest", "traps_open")) and added[key] != value:
            bad.append(f"{what}: intervals of {key} add up to {added[key]}, the total is {value}")
    check(f"{what}: rows that the total does not have", sorted(added.keys() - total.keys()), [])


def regions(trapline, elfs):
    marker, page = f"{elfs}/marker.elf", f"{elfs}/marker_page.elf"
    want = [("from EL1", 2004), ("7", 24), ("top_ _quoted_", 200004), ("one", None), ("two", None)]  # None: the compiler decides
    plain = Run(trapline, marker)
    check("status of marker.c", plain.status, 0)
    got = [(block[1], insns(block)) for block in plain.of("region")]
    check("regions of marker.c", [(label, n if i < 3 else None) for i, (label, n) in enumerate(got)], want)
    check("the dump of marker.c", [block[1] for block in plain.of("dump")], ["two"])
    check("marks of marker.c", [label for label, _ in plain.marks], ["a point", ""])
    loop = plain.of("region")[0][3]
    check("EL1 in the first region", loop[("", "0", "1", "0", ""), "insns"], 2004)
    check("its time", loop[("", "", "", "", ""), "sim_ticks"], 2004 * 1000)
    for cut in ("1", "7"):
        check(f"files with blocks of {cut}", Run(trapline, marker, "--max-block", cut).files, plain.files)
    check("files of another run", Run(trapline, marker).files, plain.files)
    check("digest without --stats", Run(trapline, marker, stats=False).digest, plain.digest)
    pages = Run(trapline, page)
    want = [("from the boot EL", 2003), ("42", 2003), (("too long " * 20)[:63], 2003)]
    check("regions of marker_page.c", [(block[1], insns(block)) for block in pages.of("region")], want)
    for cut in ("1", "7"):
        check(f"files of the page with blocks of {cut}", Run(trapline, page, "--max-block", cut).files, pages.files)


def intervals(trapline, elf, smp, *more):
    plain = Run(trapline, elf, *more, smp=smp)
    end = plain.of("total")[0]
    every = max(insns(end) // 7, 1)
    for option in (str(every), f"{max(end[2] // 5000, 1)}ns"):
        run = Run(trapline, elf, "--stats-interval", option, *more, smp=smp)
        what = f"{pathlib.Path(elf).stem} {more}, intervals of {option}"
        check(f"{what}: digest", run.digest, plain.digest)
        check(f"{what}: total", run.of("total")[0][2:], end[2:])
        sums(run, what)
        if not option.endswith("ns"):
            check(f"{what}: instructions", {insns(block) for block in run.of("interval")[:-1]}, {every})
        for cut in ("1", "7"):
            check(f"{what}: files with blocks of {cut}",
                  Run(trapline, elf, "--stats-interval", option, "--max-block", cut, *more, smp=smp).files, run.files)


def points(trapline, elf):
    """The command line's starts, stops and marks."""
    whole = insns(Run(trapline, elf).of("total")[0])
    run = Run(trapline, elf, "--stats-start", "1k", "--stats-stop", "+12345", "--stats-mark", "5000", "--stats-start", "20000")
    check("regions by count", [(block[1], insns(block)) for block in run.of("region")], [("1k", 12345), ("20000", whole - 20000)])
    check("mark by count", run.marks, [("5000", 5000)])
    for cut in ("1", "7"):
        again = Run(trapline, elf, "--stats-start", "1k", "--stats-stop", "+12345", "--stats-mark", "5000", "--stats-start", "20000",
                    "--max-block", cut)
        check(f"points with blocks of {cut}", again.files, run.files)
    run = Run(trapline, elf, "--stats-start", "3us", "--stats-stop", "5us")
    check("region by time", [(block[2], block[3][("", "", "", "", ""), "sim_ticks"]) for block in run.of("region")], [(5000000, 2000000)])
    run = Run(trapline, elf, "--stats-start", "console:PASS", "--stats-mark", "console:no such text")
    check("region by console", [block[1] for block in run.of("region")], ["console:PASS"])
    check("no mark", run.marks, [])
    check("stopped where it began", Run(trapline, elf, "--max-insns", "1", "--stats-start", "0").of("region")[0][1], "0")
    for options, word in ((["--stats-interval", "0"], "expected instructions"), (["--stats-start", "1h"], "expected instructions"),
                          (["--stats-start", "9", "--stats-stop", "9"], "expected a point behind"),
                          (["--stats-mark", "console:"], "expected a text"), (["--stats-start", "+1"], "expected instructions"),
                          (["--parallel", "--stats-mark", "9"], "--parallel")):
        refused = Run(trapline, elf, *options)
        check(f"{options}: refused", (refused.status, word in refused.output, len(refused.output.splitlines())), (1, True, 1))
    refused = Run(trapline, elf, "--stats-mark", "9", stats=False)
    check("without --stats: refused", (refused.status, "--stats DIR" in refused.output), (1, True))


def timing(trapline, elf):
    """--timing-regions: an instruction is a cycle outside of the region; inside it takes what it takes, however code is cut."""
    options = ("--timing", "--timing-regions", "--stats-start", "500000", "--stats-stop", "+20000")
    place = ("total", "", "", "", "")
    run = Run(trapline, elf, *options)
    total, inside = run.of("total")[0][3], run.of("region")[0][3]
    check("instructions of the region", 20000 <= inside[place, "insns"] < 20003, True)
    check("cycles differ there", inside[place, "cycles"] == inside[place, "insns"], False)
    check("outside a cycle each", total[place, "cycles"] - inside[place, "cycles"], total[place, "insns"] - inside[place, "insns"])
    for name in ("l1i_cache", "exception_time"):
        check(f"{name} in the region alone", (total[place, name], inside[place, name] > 50), (inside[place, name], True))
    for cut in ("1", "7"):
        check(f"with blocks of {cut}", Run(trapline, elf, *options, "--max-block", cut).files, run.files)
    refused = Run(trapline, elf, "--timing-regions")
    check("without --timing: refused", (refused.status, "--timing" in refused.output), (1, True))


def parallel(trapline, elf):
    """Nothing is exact, but all blocks are there and intervals add up."""
    run = Run(trapline, elf, "--parallel", "--stats-interval", "20us", smp="2")
    check("--parallel: status", run.status, 0)
    sums(run, "--parallel")


    run = Run(trapline, f"{pathlib.Path(elf).parent}/marker.elf", "--parallel", smp="2")
    check("--parallel: regions", [block[1] for block in run.of("region")], ["from EL1", "7", "top_ _quoted_", "one", "two"])
    check("--parallel: EL1 of the PE that asked", run.of("region")[0][3][("", "0", "1", "0", ""), "insns"], 2004)


def ended(trapline, elf, how):
    """A run that never ends by itself is ended from outside: the names of the files that it leaves, and whether lines are whole."""
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work) / "out"
        run = subprocess.Popen([trapline, "-M", "virt", "-m", "256", "-nographic", "-nodefaults", "-kernel", elf, "--stats", out,
                                "--stats-interval", "1ms"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (out / ".stats.csv.tmp").exists() or (out / ".stats.csv.tmp").stat().st_size < 10000:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        run.send_signal(how)
        run.wait(20)
        names = sorted(path.name for path in out.iterdir())
        return names, all(path.read_text().endswith("\n") for path in out.glob("*stats.csv*"))


def ends(trapline, elf):
    want = ["config.json", "host.json", "stats.csv", "stats.json", "stats.txt"]
    check("files after SIGTERM", ended(trapline, elf, signal.SIGTERM), (want, True))
    check("files after SIGKILL", ended(trapline, elf, signal.SIGKILL), ([".stats.csv.tmp", ".stats.json.tmp", ".stats.txt.tmp"], True))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    trapline, elfs = sys.argv[1:]
    regions(trapline, elfs)
    for name, smp in (("marker", "1"), ("s2_exits", "1"), ("smp_vms", "2")):
        intervals(trapline, f"{elfs}/{name}.elf", smp)
        intervals(trapline, f"{elfs}/{name}.elf", smp, "--timing")
    points(trapline, f"{elfs}/vm_switch.elf")
    parallel(trapline, f"{elfs}/smp_vms.elf")
    ends(trapline, f"{elfs}/vm_switch.elf")
    timing(trapline, f"{elfs}/vm_switch.elf")
    for line in bad:
        print(line[:2000])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
