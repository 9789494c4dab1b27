#!/usr/bin/env python3
"""Boots Linux with a network, serial ports, random numbers and a shared folder, and is the world outside for it.

usage: io.py IMAGES EMULATOR device|pci all|readonly|live|same

  all        the guest's own list of actions (io-init.sh): DHCP, ping, TFTP, hwrng, ports, file operations
  readonly   the same with readonly=on
  live       TCP in both directions, a forwarded port, bytes through a port's socket
  same       twice the same with nothing from outside and 2 PEs, without and with an idle forwarded port: one digest each
             (not for QEMU)

EMULATOR is anything that takes QEMU's command line. device: virtio-mmio, pci: PCI Express. Status 77 when an image is missing.
"""
import hashlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

LIMIT = 300  # seconds for a boot
BIG = b"x" * 3_000_000


class Failure(Exception):
    pass


class Guest:
    """An emulator with a console to wait on and to type at."""

    def __init__(self, emulator, options):
        self.seen = b""
        self.all = b""
        self.process = subprocess.Popen([*emulator.split(), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self):
        data = self.process.stdout.read()
        if data:
            self.seen += data
            self.all += data
        elif data is None:
            time.sleep(0.02)
        return data != b""

    def wait(self, words):
        end = time.time() + LIMIT
        while words not in self.seen:
            if not self.read():
                raise Failure(f"the emulator ended before {words!r}")
            if time.time() > end:
                raise Failure(f"no {words!r} for {LIMIT} s")
        before, _, self.seen = self.seen.partition(words)
        return before

    def run(self, command):
        """Types a command and returns what came before its end."""
        self.process.stdin.write(command.encode() + b"; echo DO''NE\n")
        self.process.stdin.flush()
        return self.wait(b"DONE")

    def end(self):
        end = time.time() + LIMIT
        while self.read():
            if time.time() > end:
                raise Failure("it does not end")
        if self.process.wait(20):
            raise Failure(f"exit status {self.process.returncode}")
        return self.all.decode(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()


def want(text, *expressions):
    for e in expressions:
        if not re.search(e, text):
            raise Failure(f"the console has no /{e}/")
    if re.search(r"Kernel panic|WARNING: CPU|BUG:|Internal error", text):
        raise Failure("the console has a WARN, BUG or panic")


def base(images, argument="", pes=1):
    return ["-M", "virt,virtualization=on,gic-version=3", "-nographic", "-nodefaults", "-serial", "stdio", "-no-reboot",
            "-cpu", "cortex-a57", "-m", "512", "-smp", str(pes), "-kernel", f"{images}/Image-6.1",
            "-initrd", f"{images}/initrd-io.gz", "-append", f"console=ttyAMA0 panic=-1{argument}"]


def network(kind, work, more=""):
    return ["-netdev", f"user,id=n0,tftp={work}/tftp,bootfile=greeting{more}", "-device", f"virtio-net-{kind},netdev=n0"]


def ports(kind, first, second):
    return ["-chardev", first, "-chardev", second, "-device", f"virtio-serial-{kind}", "-device",
            "virtserialport,chardev=c1,name=org.trapline.one", "-device", "virtconsole,chardev=c2"]


def folder(kind, work, more=""):
    return ["-fsdev", f"local,id=f0,path={work}/share,security_model=none{more}", "-device",
            f"virtio-9p-{kind},fsdev=f0,mount_tag=share"]


def make_files(work):
    for name in ("tftp", "share"):
        (work / name).mkdir()
        (work / name / "escape").symlink_to(work / "secret")
    (work / "secret").write_text("secret\n")
    (work / "tftp" / "greeting").write_text("hello by tftp\n")
    (work / "tftp" / "big").write_bytes(BIG)
    (work / "share" / "hello").write_text("hello by 9p\n")


def run_all(images, emulator, kind, work, readonly=False):
    guest = Guest(emulator, [*base(images), *network(kind, work), "-device", f"virtio-rng-{kind}",
                             *ports(kind, f"file,id=c1,path={work}/port", f"file,id=c2,path={work}/hvc"),
                             *folder(kind, work, ",readonly=on" if readonly else "")])
    try:
        text = guest.end()
    finally:
        guest.kill()
    want(text, "GUEST-UP", "MAC 52:54:00:12:34:56", "DHCP 10.0.2.15/24 router 10.0.2.2 dns 10.0.2.3 boot greeting",
         "2 packets received", "hello by tftp", f"TFTP {hashlib.sha256(BIG).hexdigest()}", "RNG virtio_rng.0 1000",
         "PORTS org.trapline.one", "P9-READ hello by 9p", f"P9-CONFINED {work}/secret", "P9-UNMOUNTED", "GUEST-DONE")
    if "qemu" not in emulator:  # which follows the link
        want(text, "TFTP-CONFINED")
    if readonly:
        want(text, "P9-READONLY")
    else:
        want(text, "P9-LINK written d/x 2", "P9-STAT 600 100 946684800", "P9-UNLINKED 100", "P9-MANY 302", "P9-FIFO fifo",
             f"P9-SUM {hashlib.sha256(bytes(4 << 20)).hexdigest()}")
        if "qemu" not in emulator:
            want(text, "P9-NO-DEVICES", "P9-OPEN-UNLINKED")
    if (work / "port").read_text() != "hello from a port\n":
        raise Failure("the port's file has not what the guest wrote")
    if "hello from hvc0" not in (work / "hvc").read_text():
        raise Failure("the console's file has not what the guest wrote")
    if sorted(p.name for p in (work / "share").iterdir()) not in (["escape", "hello"], ["escape", "hello", "null"]):
        raise Failure(f"the folder holds {list((work / 'share').iterdir())}")


class Server(threading.Thread):
    """One TCP connection: sends `blob` if there is one, then reads to the end."""

    def __init__(self, blob):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.blob = blob
        self.got = b""
        self.start()

    def run(self):
        with self.listener.accept()[0] as c:
            if self.blob:
                c.sendall(self.blob)
                c.shutdown(socket.SHUT_WR)
            while data := c.recv(65536):
                self.got += data


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def run_live(images, emulator, kind, work):
    blob = os.urandom(3_000_000)
    digest = hashlib.sha256(blob).hexdigest().encode()
    source, sink, web = Server(blob), Server(b""), free_port()
    guest = Guest(emulator, [*base(images, " hold"), *network(kind, work, f",hostfwd=tcp:127.0.0.1:{web}-:80"),
                             *ports(kind, f"socket,id=c1,path={work}/socket,server=on,wait=off", "null,id=c2")])
    try:
        guest.wait(b"GUEST-DONE")
        if digest not in guest.run(f"mkdir /tmp/www; nc 10.0.2.2 {source.port} </dev/null >/tmp/www/blob; sha256sum /tmp/www/blob"):
            raise Failure("what came by TCP is not what was sent")
        guest.run(f"nc 10.0.2.2 {sink.port} </tmp/www/blob")
        sink.join(20)
        if sink.got != blob:
            raise Failure("what the guest sent by TCP did not arrive")
        guest.run("httpd -h /tmp/www -p 80")
        if urllib.request.urlopen(f"http://127.0.0.1:{web}/blob", timeout=60).read() != blob:
            raise Failure("what came through the forwarded port is not what the guest serves")
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(f"{work}/socket")
            s.settimeout(60)
            guest.run("exec 4<>$(ls /dev/vport*p1); head -n 1 <&4 >/tmp/said & sleep 1")
            s.sendall(b"from outside\n")
            if b"from outside" not in guest.run("wait; cat /tmp/said"):
                raise Failure("what came through the port's socket is not what was sent")
            guest.run("echo from the guest >&4")
            if s.recv(100) != b"from the guest\n":
                raise Failure("the port's socket has not what the guest wrote")
        guest.process.stdin.write(b"poweroff -f\n")
        guest.process.stdin.flush()
        want(guest.end())
    finally:
        guest.kill()


def run_same(images, emulator, kind, work):
    digests = []
    idle = f",hostfwd=tcp:127.0.0.1:{free_port()}-:80"
    for forward in ("", "", idle, idle):
        guest = Guest(emulator, [*base(images, pes=2), *network(kind, work, forward), "-device", f"virtio-rng-{kind}",
                                 *ports(kind, "null,id=c1", "null,id=c2"), "--digest"])
        try:
            digests += re.findall(r"^digest (\w+)", guest.end(), re.M)
        finally:
            guest.kill()
    if len(digests) != 4 or digests[0] != digests[1] or digests[2] != digests[3]:
        raise Failure(f"runs differ: {digests}")


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    images, emulator, kind, what = sys.argv[1:]
    for name in ("Image-6.1", "initrd-io.gz"):
        if not (pathlib.Path(images) / name).exists():
            print(f"io.py: no {images}/{name} (make-images.sh builds it)")
            sys.exit(77)
    tests = {"all": run_all, "readonly": lambda *a: run_all(*a, readonly=True), "live": run_live, "same": run_same}
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        make_files(work)
        try:
            tests[what](images, emulator, kind, work)
        except Failure as f:
            sys.exit(f"FAIL {kind} {what}: {f}")
    print(f"ok {kind} {what}")


if __name__ == "__main__":
    main()
