#!/usr/bin/env python3
"""The page of `trapline report`: report.py TRAPLINE ELF_DIR [MUTANTS]

Makes statistics with guest tests and holds the page against them: it is balanced HTML that refers to nothing outside, every cell of its
tables that names counters is what stats.csv says, ratios are those of the cells beside them, and the same files give the same bytes. Then
files that are broken or malicious: one line, status 1, no page; or a page that shows them as text. MUTANTS (60) of a good file, by bytes and by names and values, from a fixed
seed, do one or the other.
"""
import csv
import html.parser
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

VOID = {"meta", "br", "line", "rect"}  # SVG's are written <line/>
bad = []


def check(what, got, want):
    if got != want:
        bad.append(f"{what}: got {got!r}, expected {want!r}"[:1000])


class Page(html.parser.HTMLParser):
    """Balance, references, and the cells of tables by row."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.cell, self.ids, self.links = [], [], None, set(), set()
        self.feed(text)
        self.close()
        if self.open:
            bad.append(f"not closed: {self.open}")
        for link in self.links:
            if link[:1] != "#" or link[1:] not in self.ids:
                bad.append(f"a link to {link}")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form"):
            bad.append(f"<{tag}> in the page")
        for name, value in attrs.items():
            if name in ("src", "srcset", "xlink:href", "action", "background") or name.startswith("on") or "url(" in (value or ""):
                bad.append(f"<{tag} {name}={value}> in the page")
        self.links |= {attrs["href"]} if "href" in attrs else set()
        self.ids |= {attrs["id"]} if "id" in attrs else set()
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.cell = [attrs, ""]
            self.rows[-1].append(self.cell)
        if tag not in VOID or tag in ("line", "rect") and self.get_starttag_text()[-2:] != "/>":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            bad.append(f"</{tag}> at {self.getpos()} closes nothing")
        if tag == "td":
            self.cell = None

    def handle_data(self, data):
        if self.cell:
            self.cell[1] += data


def full_name(row):
    if not row["pe"]:
        return ".".join(filter(None, (row["group"], row["name"])))
    place = [f"pe{row['pe']}"]
    place += [f"el{row['el']}"] if row["el"] else []
    if row["vm"] == "256":
        place += ["vm_rest"]
    elif row["vm"] and (row["vm"] != "0" or not row["el"]):
        place += [f"vm{row['vm']}"] + ([f"vmid{row['vmid']}"] if row["el"] else [])
    return ".".join(place + [row["name"]])


class Counters:
    """The whole run's of a stats.csv, found as the page says."""

    def __init__(self, folder):
        with open(folder / "stats.csv", newline="") as table:
            self.rows = {full_name(row): int(row["value"]) for row in csv.DictReader(table) if row["kind"] == "total"}
        self.known = {}

    def values(self, patterns):
        if patterns not in self.known:
            any_of = re.compile("|".join(re.escape(p).replace(r"\*", "[^.]*") for p in patterns.split()))
            self.known[patterns] = [value for name, value in self.rows.items() if any_of.fullmatch(name)]
        return self.known[patterns]


def near(text, value):
    """The digits that are shown are the value's."""
    shown = re.sub(r"[^0-9.]", "", text)
    digits = len(shown.partition(".")[2])
    return bool(shown) and abs(float(shown) - value) <= 0.51 * 10 ** -digits


def cells(page, runs, what):
    """How many cells agree with stats.csv."""
    seen = 0
    for row in page.rows:
        numbers = []
        for attrs, text in row:
            if attrs.get("class") == "r":
                want = numbers[-1] / numbers[0] if numbers[0] else None
                if want is None and text or want is not None and abs(float(text.strip("×")) - want) > 0.006 * want:
                    bad.append(f"{what}: ratio {text!r} of {numbers}")
                continue
            if "data-run" not in attrs:
                continue
            counters = runs[int(attrs["data-run"])]
            seen += 1
            if "data-c" in attrs:
                value = sum(counters.values(attrs["data-c"]))
                right = text.replace(",", "") == str(value)
            elif "data-min" in attrs or "data-max" in attrs:
                of = min if "data-min" in attrs else max
                value = of(filter(None, counters.values(attrs.get("data-min") or attrs["data-max"])), default=0)
                right = text.replace(",", "") == str(value)
            else:
                under = sum(counters.values(attrs["data-d"]))
                value = sum(counters.values(attrs["data-n"])) * int(attrs["data-s"]) / under if under else 0
                right = near(text, value) if under else text == ""
            numbers.append(value)
            if not right:
                bad.append(f"{what}: {text!r} in {attrs}, stats.csv says {value}")
    return seen


def report(trapline, *arguments, cwd):
    return subprocess.run([trapline, "report", *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, text=True, errors="replace")


def make(trapline, elfs, out, name, smp, *more):
    subprocess.run([trapline, "-M", "virt,gic-version=3,virtualization=on", "-smp", smp, "-m", "256", "-nographic", "-nodefaults", "-serial",
                    "stdio", "-semihosting-config", "enable=on,target=native", "-kernel", f"{elfs}/{name}.elf", "--stats", out / name, *more],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
    return Counters(out / name)


def good(trapline, out, runs):
    names = list(runs)
    for chosen in ([names[0]], names):
        done = report(trapline, *chosen, "-o", "page.html", cwd=out)
        check(f"report {chosen}", (done.returncode, done.stdout), (0, ""))
        text = (out / "page.html").read_text()
        for word in ("http:", "https:", "@import", "url("):
            check(f"{word} in the page of {chosen}", word in text, False)
        seen = cells(Page(text), [runs[name] for name in chosen], f"page of {chosen}")
        check(f"cells of {chosen}: more than 50", seen > 50, True)
        for figure in ("Exits by VM", "Exits of all VMs in a virtual millisecond", "Miss rates of the L1 TLBs over time", "Cycles in a virtual"):
            check(f"figures of {chosen}: {figure}", text.count(figure), len(chosen))
        report(trapline, *chosen, cwd=out)
        check(f"another page of {chosen}", (out / "report.html").read_text() == text, True)
    check("files left behind", sorted(path.name for path in out.iterdir() if path.is_file()), ["page.html", "report.html"])


def broken(trapline, out, whole):
    """Each is a file and what it holds; the line must name the file."""
    stats = json.loads((whole / "stats.json").read_text())
    cases = {
        "empty": "", "no object": "[]", "cut": (whole / "stats.json").read_text()[:5000], "other schema": json.dumps(stats | {"schema_version": 1}),
        "no schema": "{}", "deep": '{"schema_version":3,"dumps":[],"a":' + '{"a":' * 3000 + "1" + "}" * 3001, "text": json.dumps(stats | {"x": "y"}),
        "below 0": json.dumps(stats | {"x": -1}), "large": '{"schema_version":3,"dumps":[],"x":99999999999999999999999}',
        "real": json.dumps(stats | {"x": 1.5}), "twice": '{"schema_version":3,"schema_version":3,"dumps":[]}', "no dumps": '{"schema_version":3}',
        "dumps of numbers": json.dumps(stats | {"dumps": [1, 2]}), "no label": json.dumps(stats | {"dumps": [{"kind": "region", "time": 1}]}),
        "stats a list": json.dumps(stats | {"dumps": [{"kind": "interval", "label": "", "time": 1, "stats": [1]}]}),
        "long name": json.dumps(stats | {"n" * 600: 1}), "nesting": json.dumps(stats | {"a": eval('{"a":' * 40 + "1" + "}" * 40)}),
    }
    folder = out / "broken"
    for name, text in cases.items():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "stats.json").write_text(text)
        done = report(trapline, "broken", "-o", "no.html", cwd=out)
        check(f"{name}: status and lines", (done.returncode, len(done.stdout.splitlines())), (1, 1))
        check(f"{name}: says what", "stats.json" in done.stdout, True)
        check(f"{name}: a page", (out / "no.html").exists(), False)
    (folder / "stats.json").write_bytes(b'{"schema_version":3,"dumps":[],"\xff\xfe":1}')
    check("bytes", report(trapline, "broken", cwd=out).returncode, 1)
    (folder / "stats.json").write_text(json.dumps(stats))
    (folder / "config.json").write_text("{")
    check("broken config.json", report(trapline, "broken", cwd=out).returncode, 1)
    for arguments in ([], ["--what"], ["broken", "-o"], ["nothing"], ["broken"] * 17, [str(whole / "stats.csv")]):
        done = report(trapline, *arguments, cwd=out)
        check(f"report {arguments[:2]}", (done.returncode, len(done.stdout.splitlines())), (1, 1))


def odd(trapline, out, whole):
    """What is valid but strange gives a page: names and labels that would be markup, numbers at their limits, no other files."""
    stats = json.loads((whole / "stats.json").read_text())
    nasty = "</td><script>alert(1)</script>&\"'%s%n"
    stats["pe0"][nasty] = {"entries": 1, "exits": 2**63 - 1, "exit_causes": {"HVC64": {nasty: {"count": 5, "sum": 2**63 - 1}}}}
    stats["pe0"]["el1"] = {"vm1": {nasty: {"insns": 1, "exceptions": {nasty: {"to_el2": 2**63 - 1}}}}}
    stats["dumps"] = [{"kind": "interval", "label": nasty, "time": time, "stats": {"sim_ticks": ticks, "total": {"l1d_miss": 2**62, "d_lookup": 1}}}
                      for time, ticks in ((0, 0), (5, 10), (5, 5), (4, 1), (2**63 - 1, 2**63 - 1))]
    stats["dumps"] += [{"kind": nasty, "label": nasty, "time": 7}, {"kind": "mark", "label": nasty, "time": 2**63 - 1, "insns": -5}]
    folder = out / "odd <b>&"
    folder.mkdir()
    (folder / "stats.json").write_text(json.dumps(stats))
    (folder / "config.json").write_text(json.dumps({"schema_version": 3, "command": nasty, "core": 5, "tlb": [1], "images": {"a": 1}}))
    for chosen in ([folder.name], [whole.name, folder.name + "/"]):
        done = report(trapline, *chosen, "-o", "odd.html", cwd=out)
        check(f"report {chosen}", (done.returncode, done.stdout), (0, ""))
        Page((out / "odd.html").read_text())
    (folder / "stats.json").write_text('{"schema_version":3,"dumps":[]}')
    check("no counters at all", report(trapline, folder.name, cwd=out).returncode, 0)
    Page((out / "report.html").read_text())


ODD = ["", ".", "*", "@", "#", "%s%n", "<b>", "vm1", "vm999999999999", "vm_rest", "el9", "asid", "pe0", "exceptions", "exit_causes", "hist", "count",
       "insns", "x" * 300, "\u00e9", "\u0001", "-1", "18446744073709551616", "entries", "i_lookup", 0, 1, 2**62, 2**63 - 1]


def mutant_tree(o, rnd):
    if isinstance(o, dict):
        return {str(rnd.choice(ODD)) if rnd.random() < 0.03 else key: mutant_tree(value, rnd) for key, value in o.items()}
    if isinstance(o, list):
        return [mutant_tree(value, rnd) for value in o for _ in range(rnd.choice((0, 1, 1, 1, 2)))]
    return rnd.choice(ODD[-4:]) if isinstance(o, int) and rnd.random() < 0.1 else o


def mutant_bytes(b, rnd):
    for _ in range(rnd.choice((1, 1, 3, 20))):
        at, other = rnd.randrange(len(b)), rnd.randrange(len(b))
        b[at:at + rnd.choice((0, 1, 30))] = rnd.choice((b[other:other + 100], str(rnd.choice(ODD)).encode(), bytes([rnd.randrange(256)])))
    return bytes(b)


def mutants(trapline, out, whole, count):
    text = (whole / "stats.json").read_bytes()
    folder = out / "mutant"
    folder.mkdir()
    for seed in range(count):
        rnd = random.Random(seed)
        if seed % 2:
            mutant = mutant_bytes(bytearray(text), rnd)
        else:
            mutant = json.dumps(mutant_tree(json.loads(text), rnd) | {"schema_version": 3}).encode()
        (folder / "stats.json").write_bytes(mutant)
        done = report(trapline, "mutant", whole.name, cwd=out)
        check(f"mutant {seed}: {done.stdout[:200]}", (done.returncode, len(done.stdout.splitlines())) in ((0, 0), (1, 1)), True)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    trapline, elfs = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
    count = int(sys.argv[3]) if len(sys.argv) == 4 else 60
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work)
        runs = {name: make(trapline, elfs, out, name, smp, "--stats-interval", "20us", "--stats-mark", "30000", *more)
                for name, smp, *more in (("vm_switch", "1"), ("smp_vms", "2", "--timing"))}
        good(trapline, out, runs)
        broken(trapline, out, out / "vm_switch")
        odd(trapline, out, out / "vm_switch")
        mutants(trapline, out, out / "vm_switch", count)
    for line in bad[:30]:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
