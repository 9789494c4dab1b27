#!/usr/bin/env python3
"""Makes the tables of a document anew.

usage: fill.py DOCUMENT IMAGES TRAPLINE GUESTS

What stands between a line `<!-- made by: COMMAND -->` and the next `<!-- end -->` is replaced by what COMMAND prints, run in the project's folder; {images}, {trapline} and
{guests} in it are the arguments. Nothing is written when a command fails.
"""
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PART = re.compile(r"(<!-- made by: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main():
    if len(sys.argv) != 5:
        sys.exit(f"usage: {__doc__.split('usage: ')[1].splitlines()[0]}")
    document = pathlib.Path(sys.argv[1])
    names = {name: str(pathlib.Path(path).resolve()) for name, path in zip(("images", "trapline", "guests"), sys.argv[2:])}

    def made(part):
        command = [word.format(**names) for word in shlex.split(part.group(2))]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"fill.py: exit status {done.returncode}: {' '.join(command)}")
        return f"{part.group(1)}{done.stdout.rstrip()}\n{part.group(3)}"

    document.write_text(PART.sub(made, document.read_text()))


if __name__ == "__main__":
    main()
