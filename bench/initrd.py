"""Puts files behind an initrd: Linux unpacks archives that follow each other, so the images of tests/boot/make-images.sh need not change."""
import gzip


def entry(name, data, mode):
    """One file of a cpio archive in the format `newc`."""
    name = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    out = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


def extend(base, programs, path):
    """Writes to path what base holds, and programs: {name: bytes}, executable, in its root."""
    more = b"".join(entry(name, data, 0o100755) for name, data in programs.items()) + entry("TRAILER!!!", b"", 0)
    with open(base, "rb") as old, open(path, "wb") as new:
        new.write(old.read())
        new.write(gzip.compress(more, 1, mtime=0))
