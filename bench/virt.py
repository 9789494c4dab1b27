#!/usr/bin/env python3
"""Measures what hypervisors' exits cost, by programs of our own: tests/boot/kvm-cost.c under KVM and tests/boot/xen-cost.c, a dom0 that is no kernel, under Xen.

usage: virt.py IMAGES TRAPLINE [--runs NAME,...] [--timing] [--check] [--count N] [--csv FILE]

IMAGES: what tests/boot/make-images.sh made. Runs: kvm-a57, kvm-a57-gicv2, kvm-n1, xen-a57 (default: all). --check ends with status 1 when the statistics do not have exactly the exits
that the programs made. Status 77 when an image or the cross compiler's libc is missing.

What one operation costs is said by the guest's counter, the empty loop taken off, and by the statistics: cycles from the exit until the VM runs again, minimum and mean.
Published figures (bench/virt.csv) are of other kernels, on hardware: ratios between rows say more than the figures.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

from initrd import extend

HERE = pathlib.Path(__file__).resolve().parent
BOOT = HERE.parent / "tests" / "boot"
CC = "aarch64-linux-gnu-gcc"
RUNS = {"kvm-a57": ("kvm", "cortex-a57", 3), "kvm-a57-gicv2": ("kvm", "cortex-a57", 2), "kvm-n1": ("kvm", "neoverse-n1", 3), "xen-a57": ("xen", "cortex-a57", 3)}
BOARD = ["-nographic", "-nodefaults", "-serial", "stdio", "-no-reboot", "-smp", "2"]
FIELDS = ["run", "timing", "row", "count", "cycles", "exit_class", "exits", "exit_min", "exit_mean", "published", "source"]
# the exits that a row makes: the class, on all PEs together, for each operation
EXITS = {"hypercall": "HVC64", "mmio-kernel": "DABT_LOW", "mmio-user": "DABT_LOW", "mmio-xen": "DABT_LOW", "ioeventfd": "DABT_LOW", "ipi": "SYS64", "timer": "IRQ"}
EXACT = ("HVC64", "DABT_LOW", "IABT_LOW", "SYS64", "WFx")      # interrupts come when they come
INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
/kvm-cost {count}
poweroff -f
"""


def skip(why):
    print(f"virt.py: {why}", file=sys.stderr)
    sys.exit(77)


def compile_kvm(work):
    """The program's bytes."""
    libc = subprocess.run([CC, "-print-file-name=libc.a"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not pathlib.Path(libc).is_file():
        skip(f"{CC} has no static libc (Debian: libc6-dev-arm64-cross)")
    subprocess.run([CC, "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", BOOT / "kvm-cost.c", "-o", work / "kvm-cost"], check=True)
    return (work / "kvm-cost").read_bytes()


def compile_xen(work):
    """The path of the image."""
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-nostdlib", "-static", "-mgeneral-regs-only", "-mstrict-align", "-fpie", "-fno-builtin",
             "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments"]
    elf, image = work / "xen-cost.elf", work / "xen-cost.bin"
    subprocess.run([CC, *flags, "-T", BOOT / "xen-cost.ld", BOOT / "xen-cost.c", "-o", elf], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", elf, image], check=True)
    return image


def need(path):
    if not path.is_file():
        skip(f"no {path} (tests/boot/make-images.sh builds it)")
    return path


def options(hypervisor, core, gic, images, work, count):
    """The command line of a run; makes its files in the folder work."""
    board = [*BOARD, "-M", f"virt,virtualization=on,gic-version={gic}", "-cpu", core]
    if hypervisor == "kvm":
        initrd = work / "initrd.gz"
        extend(need(images / "initrd.gz"), {"init2": INIT.format(count=count).encode(), "kvm-cost": compile_kvm(work)}, initrd)
        return [*board, "-m", "1024", "-kernel", need(images / "Image-6.1"), "-initrd", initrd,
                "-append", "console=ttyAMA0 panic=-1 quiet rdinit=/init2"]
    return [*board, "-m", "2048", "-kernel", need(images / "xen-4.17"),
            "-append", "dom0_mem=1024M dom0_max_vcpus=1 console=dtuart dtuart=/pl011@9000000 noreboot",
            "-device", f"guest-loader,addr=0x49000000,kernel={compile_xen(work)},bootargs=none"]


def boot(command, stats):
    """([(row, count, ticks, hertz)], statistics {(vm, name): value summed over PEs and levels}, hertz of the PEs)"""
    done = subprocess.run([*command, "--stats", stats], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    found = [line.split() for line in done.stdout.splitlines()]
    found = [(w[1], int(w[2]), int(w[3]), int(w[4])) for w in found if len(w) == 5 and w[0] in ("kvm-cost", "xen-cost")]
    if done.returncode or not found:
        sys.exit(f"virt.py: exit status {done.returncode} or no figures: {' '.join(map(str, command))}\n{done.stdout[-1500:]}")
    counts = {}
    with open(stats / "stats.csv", newline="") as file:
        for line in csv.DictReader(file):
            if line["vm"] and line["pe"] and int(line["vm"]):
                key = int(line["vm"]), line["name"]
                if line["name"].endswith(".min"):
                    counts[key] = min(counts.get(key, int(line["value"])), int(line["value"]))
                else:
                    counts[key] = counts.get(key, 0) + int(line["value"])
    period = (json.loads((stats / "config.json").read_text()).get("timing") or {}).get("clock", 1000)
    return found, counts, 1e12 / period


def vm_of(hypervisor, index):
    """Each row of KVM has a VM of its own; Xen's are all dom0."""
    return index + 1 if hypervisor == "kvm" else 1


def exit_class(run, row):
    """The class of the exits that a row makes; a GICv2 sends SGIs by a store."""
    return "DABT_LOW" if row == "ipi" and RUNS[run][2] == 2 else EXITS.get(row, "")


def to_el2(counts, vm, what):
    return counts.get((vm, f"exceptions.{what}.to_el2"), 0)


def figures(run, hypervisor, core, found, counts, hertz, timing):
    """One dictionary by FIELDS for each row but the empty one."""
    with open(HERE / "virt.csv", newline="") as file:
        published = {line["row"]: line for line in csv.DictReader(file) if (line["core"], line["hypervisor"]) == (core, hypervisor)}
    _, _, empty, _ = found[0]
    rows = []

    def add(row, count, cycles, what, vm, cause):
        exits = counts.get((vm, f"{cause}.count"), 0)
        one = published.get(row, {})
        rows.append(dict(zip(FIELDS, (run, timing, row, count, cycles, what, exits, counts.get((vm, f"exit_cycles.{what}.min"), ""),
                                      round(counts[vm, f"{cause}.sum"] / exits) if exits else "", one.get("cycles", ""), one.get("source", "")))))

    for index, (row, count, ticks, counter) in list(enumerate(found))[1:]:
        what, vm = exit_class(run, row), vm_of(hypervisor, index)
        cause = "exit_causes.HVC64.imm_0xea1.0x11" if (hypervisor, row) == ("xen", "hypercall") else f"exit_cycles.{what}"
        add(row, count, round((ticks - empty) / counter * hertz / count), what, vm, cause)
        if row == "ipi":        # the other side: the interrupt that takes its vCPU out, until it is back
            add("ipi-receiver", count, "", "IRQ", vm, "exit_cycles.IRQ")
    return rows


def print_table(run, rows):
    """Ratios are to the first row, the hypercall."""
    print(f"### {run}\n\n| operation | cycles | to hypercall | exits | from exit to entry: min | mean | published | to hypercall | source |\n"
          "|---|--:|--:|--:|--:|--:|--:|--:|---|")
    base = rows[0]
    for one in rows:
        ratio = f"{one['cycles'] / base['cycles']:.2f}" if base["cycles"] and one["cycles"] else ""
        known = f"{int(one['published']) / int(base['published']):.2f}" if one["published"] and base["published"] else ""
        print(f"| {one['row']} | {one['cycles']} | {ratio} | {one['exits'] or ''} | {one['exit_min']} | {one['exit_mean']} | {one['published']} | {known} | {one['source']} |")
    print()


def wrong_exits(run, hypervisor, found, counts):
    """Lines on rows whose VM has not exactly the exits that the operation makes, beyond those of the empty one."""
    lines = []
    for index, (row, count, _, _) in enumerate(found if hypervisor == "kvm" else []):
        vcpus = 2 if row == "ipi" else 1        # what each does to start; they share memory, so aborts differ
        for what in EXACT if vcpus == 1 else ("HVC64", "SYS64"):
            want = vcpus * to_el2(counts, 1, what) + (count if exit_class(run, row) == what else 0)
            got = to_el2(counts, index + 1, what)
            if got != want:
                lines.append(f"{run}: {row}: {got} exits of class {what}, must be {want}")
    if hypervisor == "xen":
        calls, reads = counts.get((1, "exit_causes.HVC64.imm_0xea1.0x11.count"), 0), to_el2(counts, 1, "DABT_LOW")
        for what, got, want in (("xen_version", calls, found[1][1]), ("GICD_IIDR", reads, found[2][1])):
            if got != want:
                lines.append(f"{run}: {got} exits by {what}, must be {want}")
    return lines


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0], description=__doc__.split("\n")[0])
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("trapline")
    parser.add_argument("--runs", default=",".join(RUNS), help=f"of {','.join(RUNS)}")
    parser.add_argument("--timing", action="store_true", help="with the core's timing model")
    parser.add_argument("--check", action="store_true", help="hold the numbers of exits against the statistics")
    parser.add_argument("--count", type=int, default=1000, help="operations of a row under KVM (default 1000)")
    parser.add_argument("--csv", help="also write every row to this file")
    args = parser.parse_args()
    if args.timing and "-timing" not in subprocess.run([args.trapline, "--help"], stdout=subprocess.PIPE, text=True).stdout:
        sys.exit(f"virt.py: {args.trapline} has no --timing")

    every, wrong = [], []
    for run in args.runs.split(","):
        if run not in RUNS:
            sys.exit(f"virt.py: no run {run}; there are {', '.join(RUNS)}")
        hypervisor, core, gic = RUNS[run]
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            command = [args.trapline, *options(hypervisor, core, gic, args.images, work, args.count), *(["--timing", core] if args.timing else [])]
            found, counts, hertz = boot(command, work / "stats")
        rows = figures(run, hypervisor, core, found, counts, hertz, "on" if args.timing else "off")
        print_table(run, rows)
        every += rows
        if args.check:
            wrong += wrong_exits(run, hypervisor, found, counts)
    if args.csv:
        with open(args.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(every)
    print("\n".join(wrong), end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
