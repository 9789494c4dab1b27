#!/usr/bin/env python3
"""Runs all code of docs/walkthrough.md: walkthrough.py IMAGES TRAPLINE DOCUMENT [--write]

sh blocks first, in a folder where `trapline` and images/ are; then the python blocks, one after the other. Each python block is followed
by a block with its output: --write puts what it printed there. Otherwise each must print something, and the exits that the document
counts in the log of -d int must be those of the statistics. Status 77 without pandas or an image.
"""
import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.S | re.M)


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    images, trapline, document = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    try:
        import pandas  # noqa: F401
    except ImportError:
        print("no pandas here (Debian: python3-pandas)")
        return 77
    text = document.read_text()
    missing = [name for name in sorted(set(re.findall(r"images/([\w.-]+)", text))) if not (images / name).exists() and "." in name + "."
               and not name.endswith(".sh")]
    if missing:
        print(f"no {', '.join(missing)} in {images}")
        return 77
    scope, out, at, bad = {}, [], 0, []
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        os.symlink(images, "images")
        os.symlink(trapline, "trapline")
        for block in BLOCK.finditer(text):
            kind, code, _ = block.groups()
            if kind == "sh":
                subprocess.run(["sh", "-ec", code], check=True, stdin=subprocess.DEVNULL, timeout=600,
                               env=os.environ | {"PATH": work + ":" + os.environ["PATH"]})
                continue
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, str(document), "exec"), scope)
            if not printed.getvalue().strip():
                bad.append(f"nothing printed by:\n{code}")
            out.append(text[at:block.start()] + f"```python\n{code}```\n```\n" + "\n".join(map(str.rstrip, printed.getvalue().splitlines())) + "\n```\n")
            at = block.end()
        if not pathlib.Path("report.html").stat().st_size:
            bad.append("no report.html")
        os.chdir("/")
    taken = scope["taken"]
    by_class = taken[(taken.run == "xen") & (taken.value > 0)].groupby("cls").value.sum().to_dict()
    by_log = dict(scope["counted"])
    if any(by_log.get(cls, 0) != count for cls, count in by_class.items()):
        bad.append(f"exceptions to EL2: {by_class} in the statistics, {by_log} in the log")
    if len(sys.argv) == 5:
        document.write_text("".join(out) + text[at:])
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
