#!/usr/bin/env python3
"""Makes an ELF file of the symbols that Linux and Xen images carry for their own backtraces.

usage: symbols.py IMAGE OUT.elf [--start ADDRESS] [--only PREFIX]

gdb, lldb and the monitor take it as a symbol file, where no file with debug information is at hand. An image holds no addresses while
it is relocatable (Linux): ADDRESS is where its first symbol runs (default: _stext of an arm64 kernel of 4 KiB pages and 48 bits without
KASLR, as Debian 12's 6.1; Xen's image has its own). --only: names that begin with PREFIX, such as __kvm_nvhe_, KVM's code at EL2.
OUT.elf has one section without contents over all symbols.
"""
import argparse
import struct
import sys

LINUX_STEXT = 0xFFFF800008010000  # of 6.1: KIMAGE_VADDR and the header
DIGITS = b"".join(b"%d\0" % i for i in range(7))  # one token each


def align(n, a=8):
    return (n + a - 1) & ~(a - 1)


class Table:
    """The compressed table of names: 256 tokens; names as lengths and token numbers; every 256th name's place."""

    def __init__(self, image):
        self.image = image
        at = -1
        while True:
            at = image.index(DIGITS, at + 1)
            if self.find_tokens(at) and self.find_markers() and self.find_names():
                return

    def words(self, at, n, kind):
        return struct.unpack_from(f"<{n}{kind}", self.image, at)

    def find_tokens(self, digit):
        """`digit` is where token '0' stands; behind the last of the 256 strings, and padding, comes the table of offsets."""
        at = digit
        for _ in range(256 - ord("0")):
            at = self.image.index(b"\0", at) + 1
        for index in range(align(at, 2), at + 256, 2):
            offsets = self.words(index, 256, "H")
            if offsets[0] == 0 and all(a < b for a, b in zip(offsets, offsets[1:])):
                self.tokens, self.end = digit - offsets[ord("0")], index + 512
                self.token = [self.image[self.tokens + o:self.image.index(b"\0", self.tokens + o)].decode("latin-1") for o in offsets]
                return True
        return False

    def find_markers(self):
        """They stand somewhere before the tokens: a 0, then rising."""
        for at in range(self.tokens & ~3, max(0, self.tokens - (1 << 20)), -4):
            self.marker = self.words(at, 5, "I")
            if self.marker[0] == 0 and all(256 < b - a < 65536 for a, b in zip(self.marker, self.marker[1:])):
                self.markers = at
                return True
        return False

    def skip(self, at, n):
        for _ in range(n):
            length = self.image[at]
            at += 1
            if length & 0x80:
                length = (length & 0x7f) | self.image[at] << 7
                at += 1
            at += length
        return at

    def find_names(self):
        """Their number stands before them."""
        for at in range(self.markers & ~3, max(256, self.markers - (8 << 20)), -4):
            if self.image[at - 1] or self.skip(at, 256) != at + self.marker[1] or self.skip(at, 1024) != at + self.marker[4]:
                continue
            self.names = at
            self.number = next(n for n in range(at - 4, at - 260, -4) if self.words(n, 1, "I")[0])
            self.count = self.words(self.number, 1, "I")[0]
            return True
        return False

    def __iter__(self):
        at = self.names
        for _ in range(self.count):
            end = self.skip(at, 1)
            yield "".join(self.token[i] for i in self.image[at + (2 if self.image[at] & 0x80 else 1):end])
            at = end

    def addresses(self, start):
        """Linux: 32-bit offsets, then where they are from, before the names or (since 6.4) behind all else; Xen: addresses."""
        places = [(base - align(4 * self.count), base, "I") for base in (self.number - 8, self.number - 12)]
        places.append((align(self.end), align(align(self.end) + 4 * self.count), "I"))
        places += [(self.number - align(8 * self.count, a), None, "Q") for a in (8, 256)]
        for at, base, kind in places:
            values = self.words(at, self.count, kind)
            if all(a <= b for a, b in zip(values, values[1:])):
                origin = 0 if base is None else self.words(base, 1, "Q")[0] or start
                return [origin + v for v in values]
        raise ValueError("no addresses beside the names")


def elf(symbols):
    """symbols: (address, type letter, name), sorted by address."""
    low, high = symbols[0][0], symbols[-1][0] + 4096
    names, table = bytearray(b"\0"), bytearray(24)
    for i, (address, letter, name) in enumerate(symbols):
        following = next((s[0] for s in symbols[i + 1:i + 64] if s[0] > address), high)
        function = letter in "tTwW"
        table += struct.pack("<IBBHQQ", len(names), 0x10 | (2 if function else 1), 0, 1, address, following - address)
        names += name.encode("latin-1") + b"\0"
    strings = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"
    at = 64
    parts = []
    for part in (bytes(table), bytes(names), strings):
        parts.append((at, part))
        at = align(at + len(part))
    sections = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                (1, 8, 6, low, 64, high - low, 0, 0, 4, 0),
                (7, 2, 0, 0, parts[0][0], len(table), 3, 1, 8, 24),
                (15, 3, 0, 0, parts[1][0], len(names), 0, 0, 1, 0),
                (23, 3, 0, 0, parts[2][0], len(strings), 0, 0, 1, 0)]
    out = bytearray(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, low, 0, at, 0, 64, 0, 0, 64, len(sections), 4))
    for place, part in parts:
        out += bytes(place - len(out)) + part
    out += bytes(at - len(out))
    for section in sections:
        out += struct.pack("<IIQQQQIIQQ", *section)
    return out


def read(path, start=LINUX_STEXT):
    """(address, type letter, name) of all symbols, by address."""
    with open(path, "rb") as file:
        table = Table(file.read())
    named = zip(table.addresses(start), table)
    return sorted((address, name[0], name[1:].rpartition("#")[2]) for address, name in named if not name[1:].startswith("$"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("out")
    parser.add_argument("--start", type=lambda text: int(text, 0), default=LINUX_STEXT)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    symbols = [s for s in read(options.image, options.start) if s[2].startswith(options.only)]
    if not symbols:
        sys.exit(f"{options.image}: no symbol begins with {options.only}")
    with open(options.out, "wb") as file:
        file.write(elf(symbols))
    print(f"{len(symbols)} symbols from {symbols[0][0]:#x} to {symbols[-1][0]:#x}")


if __name__ == "__main__":
    main()
