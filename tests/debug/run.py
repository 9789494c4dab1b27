#!/usr/bin/env python3
"""Runs a guest twice, once driven by a gdb script and once alone, and compares what both leave behind.

usage: run.py TRAPLINE SCRIPT [--changes] [--scenario IMAGES NAME] OPTION...

SCRIPT runs inside gdb-multiarch (or $GDB) with the machine stopped at its first instruction; the socket is in $GDB_SOCKET. OPTIONs are
trapline's. The console with the end digest and the files of --stats must be the same, but for what names the command line; --changes:
the script writes to the guest, so only how it goes counts. --scenario: with the options of tests/boot/scenarios.sh. Status 77: there
is no gdb, or no image.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

LIMIT = 600  # seconds, for all of one run


def start(trapline, options, folder, extra, console):
    command = [trapline, *options, "--digest", "--stats", folder, *extra]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)


def alone(trapline, options, place):
    console = os.path.join(place, "console-alone")
    with open(console, "wb") as out:
        machine = start(trapline, options, os.path.join(place, "stats-alone"), [], out)
        return console, machine.wait(LIMIT)


def scenario(images, name):
    """Its options; None when a file is missing."""
    table = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot", "scenarios.sh")
    options = subprocess.run([table, images, name], check=True, capture_output=True, text=True).stdout.splitlines()
    files = [word for option in options for part in option.split(",") for word in part.split("=") if word.startswith(images + "/")]
    return options if all(map(os.path.exists, files)) else None


def gdb_script(script):
    """What drives the machine: this script in gdb."""
    def drive(socket):
        gdb = [os.environ.get("GDB", "gdb-multiarch"), "-nx", "-batch", "-iex", "set auto-load no", "-x", script]
        done = subprocess.run(gdb, env=dict(os.environ, GDB_SOCKET=socket), timeout=LIMIT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            print(done.stdout.decode(errors="replace"))
        return done.returncode
    return drive


def debugged(trapline, options, place, drive):
    console, socket = os.path.join(place, "console-gdb"), os.path.join(place, "socket")
    with open(console, "wb") as out:
        machine = start(trapline, options, os.path.join(place, "stats-gdb"), ["-S", "-gdb", "unix:" + socket], out)
        try:
            while not os.path.exists(socket) and machine.poll() is None:
                time.sleep(0.01)
            result = drive(socket)
            if result:
                machine.terminate()
            return console, machine.wait(LIMIT), result
        finally:
            machine.kill()


def lines(path):
    """What must be the same: not the command line."""
    with open(path, "rb") as f:
        return [line for line in f.read().split(b"\n") if b"-gdb" not in line and b"stats-alone" not in line]


def differences(place):
    yield from differ(os.path.join(place, "console-alone"), os.path.join(place, "console-gdb"))
    for name in sorted(os.listdir(os.path.join(place, "stats-alone"))):
        if name not in ("host.json", "config.json"):
            yield from differ(os.path.join(place, "stats-alone", name), os.path.join(place, "stats-gdb", name))


def differ(a, b):
    for one, two in zip(lines(a), lines(b)):
        if one != two:
            yield f"{os.path.basename(a)}: alone {one!r}, with gdb {two!r}"
            return
    if len(lines(a)) != len(lines(b)):
        yield f"{os.path.basename(a)}: {len(lines(a))} lines alone, {len(lines(b))} with gdb"


def both(trapline, options, drive, changes=False):
    """Runs it driven by drive(socket), which returns 0 when all went well, and alone. What is wrong, in lines."""
    with tempfile.TemporaryDirectory() as place:
        console, status, result = debugged(trapline, options, place, drive)
        if result or status:
            return [f"the debugger ended with {result}, the machine with {status}; its console ends with",
                    *(line.decode(errors="replace") for line in lines(console)[-5:])]
        if changes:
            return []
        _, status = alone(trapline, options, place)
        return [f"alone the machine ended with {status}"] if status else list(differences(place))


def main():
    trapline, script, *options = sys.argv[1:]
    changes = "--changes" in options
    options = [o for o in options if o != "--changes"]
    if options[:1] == ["--scenario"]:
        options = scenario(*options[1:3])
    if options is None:
        print("no images: skipped")
        return 77
    if not shutil.which(os.environ.get("GDB", "gdb-multiarch")):
        print("no gdb-multiarch: skipped")
        return 77
    found = both(trapline, options, gdb_script(script), changes)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
