#!/usr/bin/env python3
"""Measures what --parallel gains: two copies of linux-bench's sha256, gzip and fork part, side by side on two PEs with --parallel,
against one after the other on one PE. Host seconds from BENCH-START to BENCH-END on the console, so booting does not count.

usage: parallel.py IMAGES TRAPLINE [--runs N] [--at-least RATIO]
IMAGES: what tests/boot/make-images.sh made. Prints each run, the medians and their ratio; status 1 below RATIO. Wants two host
processors that have nothing else to do.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from initrd import extend

INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
part() {
  dd if=/dev/zero bs=1M count=64 2>/dev/null | sha256sum
  dd if=/dev/zero bs=1M count=32 2>/dev/null | gzip -1 | wc -c
  sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); /bin/busybox true; done'
}
echo BENCH-START $(nproc)
if [ $(nproc) = 1 ]; then part; part; else part & part & wait; fi
echo BENCH-END
poweroff -f
"""
# of 64 MiB of zeros by SHA-256, of 32 MiB of zeros by gzip -1: each twice
WANT = {"3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351": 2, "32585": 2}


def run(images, emulator, initrd, options):
    """Host seconds of one run's bench."""
    command = [emulator, "-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a57", "-m", "1024", "-nographic",
               "-nodefaults", "-serial", "stdio", "-no-reboot", "-kernel", os.path.join(images, "Image-6.1"),
               "-initrd", initrd, "-append", "console=ttyAMA0 panic=-1 quiet rdinit=/init2"] + options
    seen, start, end = [], None, None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as p:
        for line in p.stdout:
            now = time.monotonic()
            seen.append(line)
            if line.startswith("BENCH-START"):
                start = now
            elif line.startswith("BENCH-END"):
                end = now
    text = "".join(seen)
    if p.returncode or start is None or end is None or any(text.count(k) != n for k, n in WANT.items()):
        sys.exit(f"parallel.py: {' '.join(command)}: status {p.returncode}, or not what was expected:\n{text}")
    return end - start


def main():
    parser = argparse.ArgumentParser(description="What --parallel gains.")
    parser.add_argument("images")
    parser.add_argument("trapline")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--at-least", type=float, default=0)
    args = parser.parse_args()
    kinds = {"one after the other": ["-smp", "1"], "side by side": ["-smp", "2", "--parallel"]}
    seconds = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as work:
        initrd = os.path.join(work, "initrd.gz")
        extend(os.path.join(args.images, "initrd.gz"), {"init2": INIT.encode()}, initrd)
        for i in range(args.runs):
            for kind, options in kinds.items():
                seconds[kind].append(run(args.images, args.trapline, initrd, options))
                print(f"run {i + 1}, {kind}: {seconds[kind][-1]:.2f} s", flush=True)
    medians = [statistics.median(s) for s in seconds.values()]
    ratio = medians[0] / medians[1]
    print(f"medians of {args.runs}: {medians[0]:.2f} s and {medians[1]:.2f} s, {ratio:.2f} times as fast")
    return ratio < args.at_least


if __name__ == "__main__":
    sys.exit(main())
