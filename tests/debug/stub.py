#!/usr/bin/env python3
"""Clients of the GDB stub that do not behave: each case is a conversation byte by byte with a machine that counts.

usage: stub.py TRAPLINE
"""
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

LIMIT = 20  # seconds for any answer
COUNTING = [0x91000400, 0x17FFFFFF]  # ADD X0, X0, #1; B to it
# counts to 0x200000, then MOV W0, #0x84000008; SMC #0
ENDING = [0xD2800000, 0x91000400, 0xF148001F, 0x54FFFFC1, 0x52B08000, 0x72800100, 0xD4000003]


class Machine:
    def __init__(self, trapline, code, where=None, options=()):
        self.place = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.place.name, "socket")
        image = os.path.join(self.place.name, "image")
        with open(image, "wb") as f:
            f.write(struct.pack(f"<{len(code)}I", *code))
        self.log = open(os.path.join(self.place.name, "log"), "w+b")
        command = [trapline, "-M", "virt,virtualization=on,gic-version=3", "-cpu", "neoverse-n1", "-m", "64", "-kernel", image,
                   "-serial", "null", "-gdb", where or "unix:" + self.path, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)
        while self.process.poll() is None and not (os.path.exists(self.path) or (where and self.lines())):
            time.sleep(0.01)

    def lines(self):
        self.log.flush()
        with open(self.log.name, "rb") as f:
            return f.read().decode(errors="replace").splitlines()

    def wait_line(self, part):
        end = time.time() + LIMIT
        while time.time() < end:
            if any(part in line for line in self.lines()):
                return
            time.sleep(0.01)
        raise AssertionError(f"no line with {part!r} in {self.lines()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.place.cleanup()


class Client:
    def __init__(self, machine=None, port=None):
        self.s = socket.socket(socket.AF_UNIX if machine else socket.AF_INET)
        self.s.settimeout(LIMIT)
        self.s.connect(machine.path if machine else ("127.0.0.1", port))
        self.held = b""

    def send(self, data):
        self.s.sendall(data)

    def packet(self, data):
        data = data.encode() if isinstance(data, str) else data
        self.send(b"$" + data + b"#%02x" % (sum(data) & 255))

    def hear(self):
        """The next packet's data; acknowledgements are skipped, and None is the end."""
        while True:
            found = re.match(rb"[+-]*\$([^#]*)#..", self.held, re.S)
            if found:
                self.held = self.held[found.end():]
                try:
                    self.send(b"+")
                except BrokenPipeError:
                    pass  # those were its last words
                return found.group(1).decode("latin1")
            try:
                more = self.s.recv(65536)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.held += more

    def ask(self, data):
        self.packet(data)
        return self.hear()

    def close(self):
        self.s.close()


def expect(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"wanted {wanted!r}, got {seen!r}")


def two_clients(trapline):
    with Machine(trapline, COUNTING) as m:
        first = Client(m)
        expect(first.ask("qC"), "QC1")
        second = Client(m)
        expect(second.hear(), None)
        m.wait_line("a second client was sent away")
        expect(first.ask("qC"), "QC1")
        first.close()
        m.wait_line("without a goodbye")
        expect(Client(m).ask("qC"), "QC1")


def vanishing_in_a_packet(trapline):
    with Machine(trapline, COUNTING) as m:
        for _ in range(3):
            c = Client(m)
            expect(c.ask("Z0,40080000,4"), "OK")
            c.packet("c")
            expect(c.hear(), "T05thread:1;swbreak:;")
            c.send(b"$m40080000,")
            c.close()
        c = Client(m)
        expect(c.ask("qC"), "QC1")
        c.packet("c")  # the others' breakpoints are gone
        time.sleep(0.2)
        c.send(b"\x03")
        expect(c.hear(), "T02thread:1;")


def half_a_packet_then_ctrl_c(trapline):
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        c.packet("c")
        time.sleep(0.1)
        c.send(b"$m4008")
        time.sleep(0.1)
        c.send(b"\x03")
        expect(c.hear(), "T02thread:1;")
        expect(c.ask("m40080000,4"), "00040091")


def a_packet_while_it_runs(trapline):
    """It stops for it: first the stop is told, then the packet is answered."""
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        c.packet("c")
        time.sleep(0.1)
        c.packet("qC")
        expect(c.hear(), "T00thread:1;")
        expect(c.hear(), "QC1")


def noise(trapline):
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        r = random.Random(6)
        for _ in range(64):
            c.send(bytes(r.randrange(256) for _ in range(4096)).replace(b"$k#", b"..."))
        c.close()
        c = Client(m)
        expect(c.ask("qC"), "QC1")
        if len(m.lines()) > 30:
            raise AssertionError(f"{len(m.lines())} lines in the log")


def hostile_packets(trapline):
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        for data, answer in (("m40080000,ffffffffffff", None), ("m0,ffffffffffffffff", None), ("mffffffffffffffff,2", "E0e"),
                             ("Mffffffffffffffff,2:0000", "E16"), ("X40080000,ffffffffffffffff:a", "E16"), ("p" + "f" * 20, "E16"),
                             ("P0=" + "0" * 30000, "E16"), ("G" + "zz", "E16"), ("qXfer:features:read:" + "x" * 30000 + ":0,1", "E00"),
                             ("qRcmd," + "41" * 10000, "E16"), ("vCont" + ";c:1.1" * 5000, "E16"), ("Z0,ffffffffffffffff,4", None),
                             ("Z2,fffffffffffffff0,ffffffff", None)):
            seen = c.ask(data)
            if answer is not None:
                expect(seen, answer)
        c.send(b"$m" + b"0" * 1000000 + b"#%02x" % ((ord("m") + 1000000 * ord("0")) & 255))
        expect(c.hear(), "E16")
        m.wait_line("a packet of more than 32768 bytes was dropped")
        expect(c.ask("qC"), "QC1")


def a_client_that_does_not_read(trapline):
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        c.s.setblocking(False)
        one = b"$m40080000,4000#%02x" % (sum(b"m40080000,4000") & 255)
        end = time.time() + 3
        try:
            while time.time() < end:
                c.send(one * 100)
        except BlockingIOError:
            pass
        c.close()
        m.wait_line("without a goodbye")
        expect(Client(m).ask("qC"), "QC1")


def detach_and_come_again(trapline):
    with Machine(trapline, COUNTING, options=["-S"]) as m:
        c = Client(m)
        expect(c.ask("D"), "OK")
        expect(c.hear(), None)
        time.sleep(0.2)
        c = Client(m)
        before = c.ask("p0")
        expect(c.ask("vCont;s:1")[:3], "T05")
        expect(c.ask("vCont;s:1")[:3], "T05")
        if c.ask("p0") == before:
            raise AssertionError("it does not count")


def the_end_is_told(trapline):
    with Machine(trapline, ENDING, options=["-S"]) as m:
        expect(Client(m).ask("vCont;c"), "W00")
        expect(m.process.wait(LIMIT), 0)
    with Machine(trapline, ENDING, options=["-S", "-no-shutdown"]) as m:
        c = Client(m)
        expect(c.ask("vCont;c"), "W00")
        expect(c.ask("p1"), "0000000000000000")  # it can still be looked at
        expect(c.ask("c"), "W00")
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        expect(c.ask("vKill;1"), "OK")
        expect(m.process.wait(LIMIT), 0)
    with Machine(trapline, COUNTING) as m:
        c = Client(m)
        c.packet("c")
        time.sleep(0.1)
        m.process.terminate()
        expect(c.hear(), "X0f")
        expect(m.process.wait(LIMIT), 143)
        expect(os.path.exists(m.path), False)


def tcp_with_any_port(trapline):
    with Machine(trapline, COUNTING, where="tcp::0") as m:
        port = int(re.search(r"port (\d+)", m.lines()[0]).group(1))
        expect(Client(port=port).ask("qC"), "QC1")
    with Machine(trapline, COUNTING) as m:
        other = subprocess.run([trapline, "--demo", "-gdb", "unix:" + m.path], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        expect(other.returncode, 1)
        expect(other.stderr, f"trapline: -gdb unix:{m.path}: cannot listen there: Address already in use\n")


def looking_whether_somebody_listens(trapline):
    """Neither a connection that says nothing nor another run with the same socket lets a machine go that stands."""
    with Machine(trapline, COUNTING, options=["-S"]) as m:
        Client(m).close()
        other = subprocess.run([trapline, "--demo", "-gdb", "unix:" + m.path], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        expect(other.stderr, f"trapline: -gdb unix:{m.path}: cannot listen there: Address already in use\n")
        time.sleep(0.2)
        c = Client(m)
        expect(c.ask("p20"), "0000084000000000")  # the first instruction
        path = m.path
        m.process.kill()  # what it leaves behind is in nobody's way
        m.process.wait()
        expect(os.path.exists(path), True)
        again = subprocess.run([trapline, "--demo", "-gdb", "unix:" + path], stdin=subprocess.DEVNULL, capture_output=True)
        expect(again.returncode, 0)


def main():
    cases = [looking_whether_somebody_listens, two_clients, vanishing_in_a_packet, half_a_packet_then_ctrl_c, a_packet_while_it_runs, noise, hostile_packets,
             a_client_that_does_not_read, detach_and_come_again, the_end_is_told, tcp_with_any_port]
    bad = 0
    for case in cases:
        try:
            case(sys.argv[1])
        except (AssertionError, OSError) as e:
            print(f"{case.__name__}: {e}")
            bad = 1
    return bad


sys.exit(main())
