#!/usr/bin/env python3
"""Checks who includes whom: the folders are layers (docs/architecture.md), private headers stay at home.

usage: includes.py SOURCE_TREE    prints every violation; status 1 when there is one
"""
import pathlib
import re
import sys

# Folder -> what its files may include besides their own folder; a name without slash is a whole folder.
ALLOWED = {
    "base": [],
    "mmu": ["base"],
    "cpu": ["base", "mmu"],
    "gic": ["base", "mmu/bus.h", "cpu/cpu.h", "cpu/sysreg.h"],
    "timer": ["base", "mmu/bus.h", "cpu/cpu.h", "cpu/sysreg.h"],
    "devices": ["base", "mmu/bus.h"],
    "loader": ["base"],
    "machine": ["base", "mmu", "cpu", "gic", "timer", "devices", "loader"],
    "frontend": ["base", "mmu", "cpu", "gic", "timer", "devices", "loader", "machine"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def complaint(folder, included):
    """What is wrong with a file of `folder` including `included`; None when nothing is."""
    if "/" not in included:
        generated = included.endswith("_gen.h") or not included.endswith(".h")
        return None if generated else "headers are named from the root"
    home = included.split("/")[0]
    if home not in ALLOWED:
        return None  # generated, or a test's own
    if home == folder:
        return None
    if included.endswith("_priv.h"):
        return "a private header of another folder"
    if home in ALLOWED[folder] or included in ALLOWED[folder]:
        return None
    return f"{folder}/ may include only: {', '.join(ALLOWED[folder]) or 'nothing of ours'}"


def main():
    root = pathlib.Path(sys.argv[1])
    bad = 0
    for folder in ALLOWED:
        for path in sorted((root / folder).rglob("*.[ch]")) + sorted((root / folder).rglob("*.def")):
            text = path.read_text()
            name = path.relative_to(root)
            if path.suffix != ".def" and not text.startswith("/*"):
                print(f"{name}:1: a file opens with a comment that says what it models")
                bad += 1
            for number, line in enumerate(text.splitlines(), 1):
                found = INCLUDE.match(line)
                why = complaint(folder, found.group(1)) if found else None
                if why:
                    print(f"{name}:{number}: includes {found.group(1)}: {why}")
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
