#!/usr/bin/env python3
"""Checks that the tables of docs/statistics.md are those of the program, and that what stats.txt says adds up.

usage: statistics.py tables PROGRAM DOCUMENT [--write]   PROGRAM prints the tables (tests/lint/statistics.c); --write puts them in
       statistics.py switch EMULATOR ELF                 runs vm_switch: two VMs in turns flush and refill nothing in the fast TLB
       statistics.py sums EMULATOR ELF PES               runs a bare-metal guest test, adds up its stats.txt, and counts again
                                                         with the reference mode of the TLB model
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

BEGIN = "<!-- tables: made by tests/lint/statistics.py -->\n"
END = "<!-- end of tables -->\n"


def tables(program, document, write=False):
    """The document with fresh tables must be the document."""
    path = pathlib.Path(document)
    text = path.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    fresh = before + BEGIN + "\n" + made + "\n" + END + after
    if write:
        path.write_text(fresh)
    elif fresh != text:
        return [f"{document}: its tables are not what the program counts (statistics.py tables {program} {document} --write)"]
    return []


def flat(tree, prefix=""):
    """The leaves of nested objects by the names of stats.txt."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, prefix + key + ".")
        else:
            yield prefix + key, value


def full_name(row):
    """What stats.txt calls a row of stats.csv."""
    if not row["pe"]:
        return ".".join(filter(None, (row["group"], row["name"])))
    if not row["el"]:
        return f"pe{row['pe']}." + ("vm_rest." if row["vm"] == "256" else f"vm{row['vm']}.") + row["name"]
    vm = "" if row["vm"] == "0" else "vm_rest." if row["vm"] == "256" else f"vm{row['vm']}.vmid{row['vmid']}."
    return f"pe{row['pe']}.el{row['el']}.{vm}{row['name']}"


def read_stats(emulator, elf, pes, *more):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([emulator, "-M", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a57", "-smp", pes, "-m", "256",
                        "-nographic", "-nodefaults", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
                        "-kernel", elf, "--stats", out, *more],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
        lines = (pathlib.Path(out) / "stats.txt").read_text().splitlines()
        host = json.loads((pathlib.Path(out) / "host.json").read_text())
        tree = json.loads((pathlib.Path(out) / "stats.json").read_text())
        json.loads((pathlib.Path(out) / "config.json").read_text())
        with open(pathlib.Path(out) / "stats.csv", newline="") as table:
            cells = list(csv.DictReader(table))
    body = lines[next(i for i, line in enumerate(lines) if "Begin Simulation" in line) + 1:-1]
    stats = {line.split()[0]: int(line.split()[1]) for line in body}
    if dict(flat(tree)) != stats | {"schema": tree["schema"]}:
        sys.exit("stats.json is not what stats.txt says")
    if {full_name(row): int(row["value"]) for row in cells} != stats:
        sys.exit("stats.csv is not what stats.txt says")
    return stats | {"host." + name: host[name] for name in host if "fast_tlb" in name}


def switch(emulator, elf):
    """A thousand turns of two VMs: what is filled and flushed belongs to the start of the test, not to the turns."""
    stats = read_stats(emulator, elf, "1")
    bad = [f"VM {vm} left {n} times, not 1000" for vm in (1, 2)
           if (n := stats[f"pe0.el1.vm{vm}.vmid{vm}.exceptions.HVC64.to_el2"]) != 1000]
    bad += [f"{name} is {stats[name]}, at most {limit} was expected"
            for name, limit in (("host.fast_tlb_flushes", 20), ("host.fast_tlb_fills", 500)) if stats[name] > limit]
    return bad


def exits(stats):
    """VM entries and exits of each PE: they alternate, agree with the exceptions, and their time is that of the contexts."""
    bad = []
    for name, entries in stats.items():
        if not name.endswith(".entries") or not name.startswith("pe"):
            continue
        pe, vm = name.split(".")[:2]
        own = {key[len(pe + vm) + 2:]: value for key, value in stats.items() if key.startswith(f"{pe}.{vm}.")}
        inside = {key: value for key, value in stats.items() if key.startswith(pe + ".el") and f".{vm}." in key}
        taken = sum(value for key, value in inside.items() if ".exceptions." in key and not key.endswith("to_el1"))
        timed = sum(value for key, value in own.items() if key.startswith("exit_cycles.") and key.endswith(".count"))
        buckets = sum(value for key, value in own.items() if ".hist." in key)
        for cls in ("WFx", "SYS64", "HVC64", "SMC64", "DABT_LOW", "IABT_LOW"):
            by_cause = sum(value for key, value in own.items() if key.startswith(f"exit_causes.{cls}.") and key.endswith(".count"))
            of_class = sum(value for key, value in inside.items() if f".exceptions.{cls}.to_el" in key and not key.endswith("to_el1"))
            if by_cause != of_class and "exit_causes_rest" not in own:
                bad.append(f"{pe}.{vm}: {of_class} exits of class {cls}, {by_cause} of them by cause")
        if entries - own["exits"] not in (0, 1):
            bad.append(f"{pe}.{vm}: {entries} entries, but {own['exits']} exits")
        if taken != own["exits"]:
            bad.append(f"{pe}.{vm}: {own['exits']} exits, but {taken} exceptions")
        if own["exits"] - timed - own["switched"] not in (0, 1):
            bad.append(f"{pe}.{vm}: {own['exits']} exits, {timed} of them timed and {own['switched']} switched")
        if buckets != timed + own["guest_cycles.count"]:
            bad.append(f"{pe}.{vm}: the histograms have {buckets} times, not {timed + own['guest_cycles.count']}")
        if entries == own["exits"] and own["guest_cycles.sum"] != sum(v for key, v in inside.items() if key.endswith(".cycles")):
            bad.append(f"{pe}.{vm}: the time inside is not that of its contexts")
    return bad


def sums(emulator, elf, pes):
    """Contexts add up to the totals, misses are at most lookups, time is that of the PE, lookups are what the model would do."""
    stats = read_stats(emulator, elf, pes)
    added = collections.Counter()
    cycles = collections.Counter()
    for name, value in stats.items():
        words = name.split(".")
        if words[0].startswith("pe") and words[1].startswith("el") and "exceptions" not in words:
            added[words[-1]] += value
            if words[-1] == "cycles":
                cycles[words[0]] += value
    bad = [f"total.{name} is {stats['total.' + name]}, but the contexts have {value}"
           for name, value in added.items() if stats["total." + name] != value]
    for misses, lookups in (("l1i_miss", "i_lookup"), ("l1d_miss", "d_lookup"), ("main_miss", "main_lookup"),
                            ("walk_miss", "walk_lookup"), ("ipa_miss", "ipa_lookup")):
        if stats["total." + misses] > stats["total." + lookups]:
            bad.append(f"total.{misses} is more than total.{lookups}")
    if pes == "1" and stats["sim_ticks"] != 1000 * cycles["pe0"]:  # a test that does not sleep
        bad.append(f"sim_ticks is {stats['sim_ticks']}: PE 0 spent {cycles['pe0']} cycles of 1000 ps")
    if stats["sim_ticks"] == 0:
        bad.append("sim_ticks is 0")
    bad += exits(stats)
    forms = ("all", "vmall", "vmalls12", "asid", "va", "vaa", "ipa")
    parts = {"tlbi": [f"tlbi_{form}" for form in forms], "tlbi_dropped": [f"tlbi_{form}_dropped" for form in forms]}
    by_structure = [f"tlbi_from_{name}" for name in ("l1i", "l1d", "main", "walk", "ipa")]
    for whole, names in (*parts.items(), ("tlbi_dropped", by_structure)):
        if stats["total." + whole] != sum(stats["total." + name] for name in names):
            bad.append(f"total.{whole} is not the sum of {', '.join(names)}")
    model = {"total.i_lookup": "total.l1i_model", "total.d_lookup": "total.l1d_model"}
    reference = read_stats(emulator, elf, pes, "--tlb-reference")
    bad += [f"{name} is {value}, in the reference mode {reference[name]}"
            for name, value in stats.items() if "_model" not in name and "host." not in name and reference.get(name) != value]
    bad += [f"{counted} is {stats[counted]}, but the model was asked {reference[made]} times"
            for counted, made in model.items() if stats[counted] != reference[made]]
    return bad


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("tables", "sums", "switch"):
        sys.exit(__doc__)
    if sys.argv[1] == "tables":
        bad = tables(*sys.argv[2:4], write="--write" in sys.argv)
    elif sys.argv[1] == "switch":
        bad = switch(*sys.argv[2:4])
    else:
        bad = sums(*sys.argv[2:5])
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
