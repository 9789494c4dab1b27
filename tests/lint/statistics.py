#!/usr/bin/env python3
"""Checks that the tables of docs/statistics.md are those of the program, and that what stats.txt says adds up.

usage: statistics.py tables EMULATOR DOCUMENT [--write]  EMULATOR prints the tables (--stats-help); --write puts them in
       statistics.py switch EMULATOR ELF                 runs vm_switch: two VMs in turns flush and refill nothing in the fast TLB
       statistics.py sums EMULATOR ELF PES               runs a bare-metal guest test, adds up its stats.txt, and counts again
                                                         with the reference mode of the TLB model
       statistics.py proven EMULATOR GUESTS ELSEWHERE    each row has a value by hand in a guest test (`stats:` lines), or is in the list
       statistics.py agree FOLDER                        adds up the stats.txt that a run left in FOLDER
"""
import collections
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

BEGIN = "<!-- tables: made by trapline --stats-help -->\n"
END = "<!-- end of tables -->\n"


def tables(program, document, write=False):
    """The document with fresh tables must be the document."""
    path = pathlib.Path(document)
    text = path.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = subprocess.run([program, "--stats-help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    fresh = before + BEGIN + "\n" + made + "\n" + END + after
    if write:
        path.write_text(fresh)
    elif fresh != text:
        return [f"{document}: its tables are not what the program counts (statistics.py tables {program} {document} --write)"]
    return []


def pattern(text):
    """A regular expression for the names that a row or place of the reference stands for."""
    parts = re.split(r"(DURATION|[A-Z]+(?:_[A-Z]+)*)", text)
    made = {"DURATION": r"(?:count|sum|min|max|hist\.\d+)", "N": r"\d+", "NAME": r"[\w.-]+", "CAUSE": r"[\w.]+"}
    return "".join(made.get(part, r"\w+") if i % 2 else re.escape(part) for i, part in enumerate(parts))


def reference(program):
    """The rows of --stats-help: (places as a regular expression, name, sentence and unit, first place)."""
    places, rows, first = [""], [], ""
    made = subprocess.run([program, "--stats-help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in made.splitlines():
        if line.startswith("### "):
            places, first = [""], "-"
        elif line.startswith("Rows of"):
            first = re.findall(r"`([^`]+)`", line)
            places, first = [pattern(place) + r"\." for place in first], first[0]
        row = re.match(r"\| `([^`]+)` \| (\w+) \| (.*) \|$", line)
        if row:
            rows.append((f"(?:{'|'.join(places)})", row[1], f"{row[3]} ({row[2]})", first))
    return rows


def known(program, folder):
    """Rows of a stats.txt that the reference does not have, or says something else of."""
    rows = [(re.compile(place + pattern(name)), name, sentence) for place, name, sentence, _ in reference(program)]
    for line in (pathlib.Path(folder) / "stats.txt").read_text().splitlines():
        found = re.match(r"(\S+) +\d+ # (.*)$", line)
        if not found:
            continue
        said = [(name, sentence) for row, name, sentence in rows if row.fullmatch(found[1])]
        if not any(sentence == found[2] or "DURATION" in name for name, sentence in said):
            yield f"{found[1]} ({found[2]}) is not in the reference"


def proven(program, guests, elsewhere):
    """Rows without a value other than 0 in any guest test; and those of the list that have one, or that do not exist."""
    proofs = [line.split() for source in pathlib.Path(guests).glob("*.c")
              for line in re.findall(r"^/\* stats: (.*) \*/", source.read_text(), re.M)]
    proofs = [name for name, value in proofs if value != "0"]
    listed = [line.split("#")[0].split() for line in pathlib.Path(elsewhere).read_text().splitlines()]
    listed = {(words[0], words[1]) for words in listed if words}
    shown = set()
    for place, name, _, first in reference(program):
        row = re.compile(place + pattern(name))
        shown.add((first, name))
        has = any(row.fullmatch(proof) for proof in proofs)
        if has == ((first, name) in listed):
            yield f"{first} {name}: " + ("proven by a guest test, but in the list" if has else "no guest test has a value of it")
    for words in sorted(listed - shown):
        yield f"{' '.join(words)}: in the list, but there is no such row"


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
    if not row["vm"]:
        return f"pe{row['pe']}.{row['name']}"
    if not row["el"]:
        return f"pe{row['pe']}." + ("vm_rest." if row["vm"] == "256" else f"vm{row['vm']}.") + row["name"]
    vm = "" if row["vm"] == "0" else "vm_rest." if row["vm"] == "256" else f"vm{row['vm']}.vmid{row['vmid']}."
    return f"pe{row['pe']}.el{row['el']}.{vm}{row['name']}"


def read_txt(folder):
    """The counters of a stats.txt."""
    lines = (pathlib.Path(folder) / "stats.txt").read_text().splitlines()
    begin = max(i for i, line in enumerate(lines) if "Begin Simulation" in line)  # the last block is the whole run's
    return {line.split()[0]: int(line.split()[1]) for line in lines[begin + 2:-1]}


def read_stats(emulator, elf, pes, *more):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([emulator, "-M", "virt,gic-version=3,virtualization=on", "-cpu", "cortex-a57", "-smp", pes, "-m", "256",
                        "-nographic", "-nodefaults", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
                        "-kernel", elf, "--stats", out, *more],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
        stats = read_txt(out)
        unknown = list(known(emulator, out))
        host = json.loads((pathlib.Path(out) / "host.json").read_text())
        tree = json.loads((pathlib.Path(out) / "stats.json").read_text())
        json.loads((pathlib.Path(out) / "config.json").read_text())
        with open(pathlib.Path(out) / "stats.csv", newline="") as table:
            cells = list(csv.DictReader(table))
    if unknown:
        sys.exit("\n".join(unknown))
    if dict(flat(tree)) != stats | {key: tree[key] for key in ("schema_version", "dumps")}:
        sys.exit("stats.json is not what stats.txt says")
    if {full_name(row): int(row["value"]) for row in cells if row["kind"] == "total"} != stats:
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


def total(stats, begin, end=""):
    return sum(value for name, value in stats.items() if name.startswith(begin) and name.endswith(end))


def vm_of_pe(stats, pe, vm):
    """VM entries and exits of a PE: they alternate, agree with the exceptions, and their time is that of the contexts."""
    own = {name[len(pe + vm) + 2:]: value for name, value in stats.items() if name.startswith(f"{pe}.{vm}.")}
    inside = {name: value for name, value in stats.items() if name.startswith(pe + ".el") and f".{vm}." in name}
    left = {name: value for name, value in inside.items() if ".exceptions." in name and not name.endswith("to_el1")}
    timed = total(own, "exit_cycles.", ".count")
    buckets = sum(value for name, value in own.items() if name.startswith(("guest_cycles.hist.", "exit_cycles.")) and ".hist." in name)
    now = own["entries"] - own["exits"]
    yield now in (0, 1) and now == own["in_guest"], f"{own['entries']} entries, {own['exits']} exits, {own['in_guest']} in the guest"
    yield sum(left.values()) == own["exits"], f"{own['exits']} exits, but {sum(left.values())} exceptions"
    yield own["exits"] - timed - own["switched"] in (0, 1), f"{own['exits']} exits, {timed} timed, {own['switched']} switched"
    yield buckets == timed + own["guest_cycles.count"], f"the histograms have {buckets} times"
    for row in ("entries", "exits", "guest_cycles.sum"):
        vcpus = total(own, "vcpu", "." + row)
        yield vcpus == own[row], f"its vCPUs have {vcpus} {row}, it has {own[row]}"
    entered = total(own, "virt.lrs_used.")
    yield entered == own["entries"], f"{own['entries']} entries, {entered} of them with a known number of list registers"
    for cls in ("WFx", "SYS64", "HVC64", "SMC64", "DABT_LOW", "IABT_LOW"):
        by_cause = total(own, f"exit_causes.{cls}.", ".count")
        of_class = sum(value for name, value in left.items() if f".{cls}." in name)
        yield by_cause == of_class or "exit_causes_rest" in own, f"{of_class} exits of class {cls}, {by_cause} of them by cause"
    if not now:
        cycles = total(inside, pe, ".cycles")
        yield own["guest_cycles.sum"] == cycles, f"{own['guest_cycles.sum']} cycles inside, its contexts have {cycles}"


def returns(stats):
    """Each exception was returned from, is open, or was forgotten; each return ended one, or matched none."""
    taken = sum(value for name, value in stats.items() if ".exceptions." in name)
    timed = sum(value for name, value in stats.items() if ".trap_cycles." in name and name.endswith(".count"))
    still = sum(value for name, value in stats.items() if name.endswith(".traps_open"))
    back = total(stats, "total.erets_to_el")
    yield taken == timed + still + stats["total.traps_unreturned"], f"{taken} exceptions, {timed} returned from, {still} open"
    yield back == timed + stats["total.erets_unmatched"], f"{back} returns, {timed} of them timed"


def interrupts(stats):
    """Those of VMs are among their PE's, those of PEs are the controller's; by INTID they are as many."""
    of_pes = collections.Counter()
    for name, value in stats.items():
        words = name.split(".")
        if words[0].startswith("pe") and words[1] == "virt":
            of_pes[words[2]] += value
            vms = sum(v for n, v in stats.items() if n.startswith(words[0] + ".vm") and n.split(".", 2)[2] == ".".join(words[1:]))
            yield vms <= value, f"{name} is {value}, its VMs have {vms}"
            if words[2] in ("injected", "acked"):
                by_id = total(stats, f"{name}_id.")
                yield by_id == value, f"{name} is {value}, by INTID {by_id}"
    acked = sum(value for name, value in stats.items() if ".irq_acked." in name)
    yield acked == stats["gic.ack"], f"gic.ack is {stats['gic.ack']}, PEs have {acked}"
    for row, whole in (("acked", "virt_ack"), ("maintenance", "maintenance")):
        yield of_pes[row] == stats["gic." + whole], f"gic.{whole} is {stats['gic.' + whole]}, PEs have {of_pes[row]}"


def asids(stats):
    """What contexts count by ASID is what they count; by VMID it is what all VMs count."""
    by_asid, of_vms, by_vmid = collections.Counter(), collections.Counter(), collections.Counter()
    for name, value in stats.items():
        found = re.match(r"(pe\d+\.el\d\.(?:vm_rest\.|vm\d+\.vmid\d+\.)?)asid\.\w+\.(.*)", name)
        if found:
            by_asid[found[1] + found[2]] += value
        words = name.split(".")
        if words[0] == "vmid":
            by_vmid[words[2]] += value
        elif words[0].startswith("pe") and words[1].startswith("el") and words[2].startswith("vm"):
            of_vms[words[-1]] += value if len(words) == (4 if words[2] == "vm_rest" else 5) else 0
    for name, value in by_asid.items():
        yield stats[name] == value, f"{name} is {stats[name]}, by ASID {value}"
    for row, value in by_vmid.items():
        yield of_vms[row] == value, f"VMs have {of_vms[row]} {row}, by VMID {value}"


def contexts(stats):
    """They add up to the totals."""
    added = collections.Counter()
    for name, value in stats.items():
        words = name.split(".")
        if words[0].startswith("pe") and words[1].startswith("el"):
            row = ".".join(words[4 if words[2].startswith("vm") and words[2] != "vm_rest" else 3 if words[2] == "vm_rest" else 2:])
            added[row] += value
    for row, value in added.items():
        if not row.startswith(("exceptions.", "trap_cycles.", "asid.")):
            yield stats.get("total." + row) == value, f"total.{row} is {stats.get('total.' + row)}, but the contexts have {value}"


def parts(stats):
    """Rows that are parts of another one, or less than another."""
    forms = ("all", "vmall", "vmalls12", "asid", "va", "vaa", "ipa")
    sums = (("tlbi", [f"tlbi_{form}" for form in forms]),
            ("tlbi_dropped", [f"tlbi_{form}_dropped" for form in forms]),
            ("tlbi_dropped", [f"tlbi_from_{name}" for name in ("l1i", "l1d", "main", "walk", "ipa")]))
    for whole, names in sums:
        yield stats["total." + whole] == sum(stats["total." + name] for name in names), f"total.{whole} is not the sum of {', '.join(names)}"
    for misses, lookups in (("l1i_miss", "i_lookup"), ("l1d_miss", "d_lookup"), ("main_miss", "main_lookup"),
                            ("walk_miss", "walk_lookup"), ("ipa_miss", "ipa_lookup")):
        yield stats["total." + misses] <= stats["total." + lookups], f"total.{misses} is more than total.{lookups}"


def details(stats):
    """Counts by page size, level, form: they add up to the counts without."""
    reads, walks = (stats["total." + row] for row in ("s1_walk_reads", "s2_walk_reads")), total(stats, "total.walk_reads.")
    faults, leaves = total(stats, "total.walk_fault."), total(stats, "total.walk_leaf.")
    most = sum(int(name.rpartition(".")[2]) * value for name, value in stats.items() if name.startswith("total.walk_reads."))
    yield faults == stats["total.walk_faults"], f"{stats['total.walk_faults']} walks with faults, by level {faults}"
    yield walks == faults + leaves, f"{walks} walks by reads, {leaves} by levels, {faults} with faults"
    yield most == sum(reads) or "total.walk_reads.32" in stats, f"walks by their reads have {most}"
    for name in ("l1i", "l1d", "main", "walk", "ipa"):
        hits, evicted = total(stats, f"total.{name}_hit."), total(stats, f"total.{name}_evict.")
        dropped = total(stats, f"total.{name}_tlbi.")
        if name in ("main", "walk", "ipa"):
            real = stats[f"total.{name}_lookup"] - stats[f"total.{name}_miss"]
            yield hits == real, f"{real} hits of {name}, by size {hits}"
        yield evicted == stats[f"total.evict_{name}"], f"{stats[f'total.evict_{name}']} evictions of {name}, by size {evicted}"
        yield dropped == stats[f"total.tlbi_from_{name}"], f"{stats[f'total.tlbi_from_{name}']} dropped of {name}, by size {dropped}"
        lost = evicted + dropped
        yield lost <= total(stats, f"total.{name}_fill."), f"{lost} entries of {name} went, more than came"
    for form in ("all", "vmall", "vmalls12", "asid", "va", "vaa", "ipa"):
        for row in ("tlbi_op", "tlbi_op_dropped"):
            whole = stats[f"total.tlbi_{form}{row[7:]}"]
            yield total(stats, f"total.{row}.{form}.") == whole, f"{row} {form}: {whole}, by scope {total(stats, f'total.{row}.{form}.')}"


def agree(stats):
    """What does not add up in one file."""
    checks = [("", check) for make in (contexts, parts, details, asids, returns, interrupts) for check in make(stats)]
    for name in stats:
        words = name.split(".")
        if len(words) == 3 and words[0].startswith("pe") and words[2] == "entries":
            checks += [(f"{words[0]}.{words[1]}: ", check) for check in vm_of_pe(stats, *words[:2])]
    return [where + text for where, (good, text) in checks if not good]


def sums(emulator, elf, pes):
    """What adds up in a file, time is that of the PE, lookups are what the model would do."""
    stats = read_stats(emulator, elf, pes)
    bad = agree(stats)
    cycles = total(stats, "pe0.el", ".cycles")
    if pes == "1" and stats["sim_ticks"] != 1000 * cycles:  # a test that does not sleep
        bad.append(f"sim_ticks is {stats['sim_ticks']}: PE 0 spent {cycles} cycles of 1000 ps")
    if stats["sim_ticks"] == 0:
        bad.append("sim_ticks is 0")
    model = {"total.i_lookup": "total.l1i_model", "total.d_lookup": "total.l1d_model"}
    reference = read_stats(emulator, elf, pes, "--tlb-reference")
    bad += [f"{name} is {value}, in the reference mode {reference[name]}"
            for name, value in stats.items() if "_model" not in name and "host." not in name and reference.get(name) != value]
    for name in ("l1i", "l1d"):
        hits = total(reference, f"total.{name}_hit_model.")
        looked = reference[f"total.{name}_model"] - reference[f"total.{name}_miss"]
        if hits != looked:
            bad.append(f"{name}: {looked} hits of the reference mode, by size {hits}")
    bad += [f"{counted} is {stats[counted]}, but the model was asked {reference[made]} times"
            for counted, made in model.items() if stats[counted] != reference[made]]
    return bad


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("tables", "sums", "switch", "agree", "proven"):
        sys.exit(__doc__)
    if sys.argv[1] == "tables":
        bad = tables(*sys.argv[2:4], write="--write" in sys.argv)
    elif sys.argv[1] == "switch":
        bad = switch(*sys.argv[2:4])
    elif sys.argv[1] == "proven":
        bad = list(proven(*sys.argv[2:5]))
    elif sys.argv[1] == "agree":
        bad = agree(read_txt(sys.argv[2]))
    else:
        bad = sums(*sys.argv[2:5])
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
