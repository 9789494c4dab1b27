#!/usr/bin/env python3
"""All boots that take too long for ./check or need what it does not install: firmware, an installer, a distribution.

usage: nightly.py IMAGES EMULATOR [SCENARIO...] [--record]

EMULATOR is anything that takes QEMU's command line. Each scenario is a row of SCENARIOS: one of firmware.sh's or snapshot.sh's, or a command line
with steps. A step waits for an expression on the console and then types its answer; a run is good when every step came in
order, nothing of BAD came, and the emulator ended with status 0 by itself. Consoles go to $BOOT_LOGS (default boot-logs).

IMAGES holds what make-images.sh (all, and perf), make-debian.sh and make-tfa.sh (as tfa.bin) make; a scenario whose files are not there is skipped.
--record writes results into nightly.csv beside this file, one row a scenario and emulator: the newest. Status 1 when one failed.
"""
import argparse
import csv
import datetime
import http.server
import os
import pathlib
import re
import selectors
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "nightly.csv"
FIELDS = ["scenario", "emulator", "date", "result", "host_seconds"]
BAD = re.compile(rb"Kernel panic|Xen BUG|Internal error|WARNING: CPU|BUG:|Synchronous Exception")

VIRT = ["-M", "virt,virtualization=on,gic-version=3", "-nographic", "-nodefaults", "-serial", "stdio"]
LINUX = [*VIRT, "-cpu", "cortex-a57", "-m", "1024", "-no-reboot", "-kernel", "{images}/Image-6.1", "-initrd",
         "{images}/initrd-disk.gz"]


def disk(name, options=""):
    """A virtio disk on MMIO."""
    return ["-drive", f"if=none,id=d,file={{images}}/{name},format=raw{options}", "-device", "virtio-blk-device,drive=d"]


# name: options ({images} is the folder), steps: what to wait for and what to type then, limit: seconds after which it has failed.
# copy: (image, the copy of it that the scenario writes to and the next one may use). kill: it does not end by itself.
# http: a server of this program answers the guest at 10.0.2.2:{port}, and a request must have come.
# script: a scenario of firmware.sh instead; env: for it. snapshot: one of snapshot.sh. session: a file of tests/debug, run by session.py there. needs: files among the images.
SCENARIOS = {
    # debootstrap's second stage: dpkg configures a whole distribution, and everything is written to the disk
    "debian-first-boot": {
        "needs": ["debian.img", "Image-6.1", "initrd-disk.gz"],
        "copy": ("debian.img", "debian-installed.img"),
        "options": [*LINUX, "-append", "console=ttyAMA0 rinit=first", *disk("debian-installed.img")],
        "steps": [("FIRST-BOOT 6", ""), ("Base system installed successfully", ""), ("FIRST-BOOT-DONE", ""), ("Power down", "")],
        "limit": 3000,
    },
    "debian-login": {
        "needs": ["debian-installed.img", "Image-6.1", "initrd-disk.gz"],
        "options": [*LINUX, "-append", "console=ttyAMA0 rinit=systemd", *disk("debian-installed.img", ",snapshot=on")],
        "steps": [("trapline login: ", "root\n"), (r"root@trapline:~# ", "systemctl is-system-running; dpkg -l | wc -l\n"),
                  (r"running\r?\n[1-9]\d+\r?\n", ""), (r"root@trapline:~# ", "poweroff\n"),
                  (r"Reached target .*poweroff\.target", ""), ("Power down", "")],
        "limit": 900,
    },
    # Debian's perf on a core that has most events
    "perf": {
        "needs": ["perf.img", "Image-6.1", "initrd-disk.gz"],
        "options": [*VIRT, "-cpu", "neoverse-n1", "-m", "1024", "-no-reboot", "-kernel", "{images}/Image-6.1", "-initrd",
                    "{images}/initrd-disk.gz", "-append", "console=ttyAMA0 quiet rinit=perf", *disk("perf.img", ",snapshot=on")],
        "steps": [("perf version 6", ""), (r"\d+ +instructions +# +1\.00 +insn per cycle", ""), ("PERF-GOOD", ""), ("PERF-DONE", "")],
        "limit": 300,
    },
    # The network works when DHCP has configured it and the installer asks the mirror that it was told, here this program, for its
    # files. (The mirror has none, so that the dialog comes again.)
    "debian-installer": {
        "needs": ["di-linux", "di-initrd.gz"],
        "options": [*VIRT, "-cpu", "cortex-a57", "-m", "1024", "-no-reboot", "-kernel", "{images}/di-linux", "-initrd",
                    "{images}/di-initrd.gz", "-append", "console=ttyAMA0 DEBIAN_FRONTEND=text priority=high locale=en_US keymap=us "
                    "netcfg/get_hostname=trapline netcfg/get_domain=test mirror/country=manual",
                    "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"],
        "steps": [("Configuring the network with DHCP", ""), ("Debian archive mirror hostname:(?s:.*)> ", "10.0.2.2:{port}\n"),
                  ("Debian archive mirror directory:(?s:.*)> ", "/debian/\n"), ("HTTP proxy information(?s:.*)> ", "\n"),
                  ("Bad archive mirror|Go back", "")],
        "http": True,
        "kill": True,
        "limit": 900,
    },
    # TF-A at EL3, U-Boot and Linux on two PEs at EL2, PSCI by TF-A
    "tfa-uboot-linux": {
        "needs": ["tfa.bin", "Image-6.1", "initrd.gz"],
        "script": "tfa-uboot-linux",
        "env": {"TFA": "{images}/tfa.bin"},
    },
}
# every boot of scenarios.sh, restored from a snapshot that was taken half-way
SCENARIOS.update({f"snapshot-{name}": {"needs": [], "snapshot": name} for name in subprocess.run(
    [HERE / "scenarios.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()})

# everything that debuggers can ask for
SCENARIOS.update({f"debug-{name}": {"needs": [], "session": f"all-{name}", "limit": 900} for name in ("xen-gdb", "xen-lldb", "kvm-gdb", "kvm-lldb")})


def read_until(child, selector, seen, log, want, deadline):
    """Reads console into `seen` (a bytearray of what no step has used) until `want` is found; what went wrong, or None."""
    while True:
        match = re.search(want.encode(), seen)
        if match:
            del seen[:match.end()]
            return None
        left = deadline - time.monotonic()
        if left <= 0:
            return f"no '{want}' in time"
        if not selector.select(timeout=min(left, 1)):
            continue
        data = os.read(child.stdout.fileno(), 65536)
        if not data:
            return f"the console ended before '{want}'"
        seen += data
        log.write(data)
        log.flush()
        if BAD.search(seen):
            return "a WARN, BUG or panic"


class Mirror:
    """A server on this host that has no file and remembers who asked."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run_script(emulator, row, images, logs):
    """A scenario of firmware.sh or snapshot.sh; what went wrong, or None."""
    script = ["snapshot.sh", row["snapshot"]] if "snapshot" in row else ["firmware.sh", row["script"]]
    env = {name: value.format(images=images.resolve()) for name, value in row.get("env", {}).items()}
    done = subprocess.run([HERE / script[0], images, emulator, script[1]], env={**os.environ, **env, "BOOT_LOGS": logs},
                          stdout=subprocess.PIPE, text=True, check=False)
    return None if done.returncode == 0 else done.stdout.strip() or f"{script[0]}: status {done.returncode}"


def run(emulator, row, images, log_path):
    """Runs one row; what went wrong, or None."""
    if "session" in row:
        done = subprocess.run([HERE.parent / "debug" / "session.py", images, emulator, HERE.parent / "debug" / f"{row['session']}.txt"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=row["limit"])
        log_path.write_text(done.stdout)
        return None if done.returncode == 0 else done.stdout.strip().splitlines()[-1]
    if "script" in row or "snapshot" in row:
        return run_script(emulator, row, images, log_path.parent)
    if "copy" in row:
        source, target = row["copy"]
        subprocess.run(["cp", "--sparse=always", images / source, images / target], check=True)
    mirror = Mirror() if row.get("http") else None
    command = [emulator, *(word.format(images=images) for word in row["options"])]
    deadline = time.monotonic() + row["limit"]
    seen = bytearray()
    with open(log_path, "wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with selectors.DefaultSelector() as selector, child:
            selector.register(child.stdout, selectors.EVENT_READ)
            wrong = None
            for want, answer in row["steps"]:
                wrong = read_until(child, selector, seen, log, want, deadline)
                if wrong:
                    break
                time.sleep(0.2 if answer else 0) # a tty that was just opened drops what came before
                child.stdin.write(answer.format(port=mirror.port if mirror else 0).encode())
                child.stdin.flush()
            if wrong or row.get("kill"):
                child.kill()
            child.stdin.close()
            log.write(child.stdout.read())
            status = child.wait()
    if not wrong and mirror and not mirror.asked:
        wrong = "no request came over the network"
    if not wrong and status and not row.get("kill"):
        wrong = f"exit status {status}"
    return wrong


def record(results):
    """Replaces the rows of these scenarios and emulators in RESULTS."""
    rows = {}
    if RESULTS.exists():
        with open(RESULTS, newline="") as file:
            rows = {(row["scenario"], row["emulator"]): row for row in csv.DictReader(file)}
    rows.update({(row["scenario"], row["emulator"]): row for row in results})
    with open(RESULTS, "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in sorted(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("emulator")
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    logs = pathlib.Path(os.environ.get("BOOT_LOGS", "boot-logs"))
    logs.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([args.emulator, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    name = f"{'qemu' if version[0] == 'QEMU' else version[0].lower()}-{next(w for w in version if w[0].isdigit())}"
    results = []
    for scenario in args.scenarios:
        if scenario not in SCENARIOS:
            parser.error(f"no scenario {scenario}; there are {', '.join(SCENARIOS)}")
        missing = [name for name in SCENARIOS[scenario]["needs"] if not (args.images / name).exists()]
        if missing:
            print(f"{scenario:20} skip  no {', '.join(missing)}", flush=True)
            continue
        start = time.monotonic()
        wrong = run(args.emulator, SCENARIOS[scenario], args.images, logs / scenario)
        seconds = time.monotonic() - start
        print(f"{scenario:20} {'FAIL' if wrong else 'ok  '} {seconds:8.1f} s{f'  {wrong}' if wrong else ''}", flush=True)
        results.append({"scenario": scenario, "emulator": name, "date": datetime.date.today().isoformat(),
                        "result": wrong or "ok", "host_seconds": f"{seconds:.0f}"})
    if args.record:
        record(results)
    return any(row["result"] != "ok" for row in results)


if __name__ == "__main__":
    sys.exit(main())
