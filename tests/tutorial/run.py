#!/usr/bin/env python3
"""Reruns the transcripts of a tutorial and compares: run.py IMAGES GUESTS TRAPLINE PAGE [--write]

A page is Markdown. Its ```console blocks hold commands behind a prompt, each followed by what it prints:

    $ COMMAND       the shell's; a line that ends in a backslash goes on in the next one
    (trapline) ...  of the monitor: of the last `$ trapline ... -monitor stdio`
    (gdb) ...       of the last `$ gdb-multiarch ...`
    (lldb) ...      of the last `$ lldb ...`

`$ COMMAND &` runs until the page ends, or until a debugger ended it; the next command waits for a socket that is named by -gdb unix:PATH. All
commands of a debugger, in as many blocks as they stand in, are one session. They run in an empty folder where images/ (of boots),
guest/ (of the bare-metal test guests), tests/ and `trapline` are. A line `...` stands for any number of lines.

--write puts what was printed into the page, where it differs. Status 77 without gdb, lldb or an image that the page names; and where
something differs with kernels and hypervisors that are not those of the page (images.txt): their code stands at other addresses.
"""
import difflib
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.S | re.M)
PROMPT = re.compile(r"^(\$|\((?:trapline|gdb|lldb)\)) (.*)$")
LIMIT = 600
MARK = "\036"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Item:
    """A command and what the page says that it prints."""

    def __init__(self, prompt, command, head):
        self.prompt, self.command, self.head = prompt, command, head
        self.wanted, self.printed = [], []


class Session:
    """A command of the shell with what was then typed into it."""

    def __init__(self, item):
        self.item, self.typed = item, []
        self.background = item.command.endswith("&")
        self.command = item.command.rstrip("& ")


def items_of(block):
    lines, items = iter(block.splitlines()), []
    for line in lines:
        found = PROMPT.match(line)
        if not found:
            if not items:
                raise SystemExit(f"output without a command: {line}")
            items[-1].wanted.append(line)
            continue
        prompt, command = found.groups()
        head = line
        while command.endswith("\\"):
            line = next(lines)
            head += "\n" + line
            command = command[:-1] + " " + line.strip()
        items.append(Item(prompt, command, head))
    return items


def sessions_of(items):
    sessions = []
    for item in items:
        if item.prompt == "$":
            sessions.append(Session(item))
            continue
        program = {"(trapline)": "trapline ", "(gdb)": "gdb", "(lldb)": "lldb"}[item.prompt]
        of = [s for s in sessions if s.command.startswith(program) and not s.background]
        if not of:
            raise SystemExit(f"no session for: {item.head}")
        of[-1].typed.append(item)
    return sessions


def clean(text):
    """Without trailing blanks, and with names of our own files from the top of the tree."""
    return [line.rstrip() for line in text.replace(str(ROOT) + "/", "").splitlines()]


def split_echoed(session, text, prompt):
    """Output of programs that echo what is typed."""
    at, lines = session.item, clean(text)
    left = list(session.typed)
    for line in lines:
        if left and line == f"{prompt} {left[0].command}".rstrip():
            at = left.pop(0)
        elif line != prompt:
            at.printed.append(line)
    if left:
        at.printed.append(f"(it ended before: {left[0].command})")


def run_gdb(session):
    typed = "set width 0\nset height 0\nset confirm off\n"
    for item in session.typed:
        typed += f"echo {MARK}\\n\n{item.command}\n"
    p = subprocess.run(["sh", "-c", session.command + " -nx"], input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=LIMIT, errors="replace")
    parts = re.sub(r"^(\(gdb\) )+|(?<=\x1e\n)(\(gdb\) )+", "", p.stdout.replace("(gdb) ", "")).split(MARK)
    session.item.printed = [line for line in clean(parts[0]) if line]
    for item, part in zip(session.typed, parts[1:]):
        item.printed = clean(part.strip("\n"))


def run_lldb(session):
    with open("lldb.commands", "w") as f:
        f.write("".join(item.command + "\n" for item in session.typed))
    p = subprocess.run(["sh", "-c", session.command + " --no-lldbinit --batch -s lldb.commands"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT, errors="replace")
    split_echoed(session, p.stdout, "(lldb)")


def run_monitor(session):
    typed = "".join(item.command + "\n" for item in session.typed)
    p = subprocess.run(["sh", "-c", "exec " + session.command], input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=LIMIT, errors="replace")
    split_echoed(session, p.stdout, "(trapline)")


def start(session):
    """A program that stays: with its socket when it comes back."""
    p = subprocess.Popen(["sh", "-c", "exec " + session.command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    socket = re.search(r"-gdb unix:(\S+)", session.command)
    end = time.monotonic() + 60
    while socket and not os.path.exists(socket[1]) and p.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return p


def run_all(sessions):
    staying = []
    try:
        for session in sessions:
            if session.background:
                staying.append(start(session))
            elif session.command.startswith("gdb"):
                run_gdb(session)
            elif session.command.startswith("lldb"):
                run_lldb(session)
            elif session.typed:
                run_monitor(session)
            else:
                p = subprocess.run(["sh", "-c", session.command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, timeout=LIMIT, errors="replace")
                session.item.printed = clean(p.stdout)
    finally:
        for p in staying:
            p.terminate()
            p.wait(30)


def agrees(wanted, printed):
    """With `...` for any lines."""
    pattern = "".join("(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + "\n" for line in wanted)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed)) is not None


def missing(text, folders):
    needs = [f"{kind}/{name}" for kind, name in sorted(set(re.findall(r"(?<![\w/.-])(images|guest)/([\w.-]*\w)", text))) if not (folders[kind] / name).exists()]
    needs += [name for name in ("gdb-multiarch", "lldb") if re.search(rf"^\$ {name}\b", text, re.M) and not shutil.which(name)]
    return needs


def others(text, images):
    """Kernels and hypervisors of the page that are of another version than those it was written with."""
    names = sorted(set(re.findall(r"(?<![\w/.-])images/((?:Image|xen)-[\w.-]*\w)", text)))
    wanted = dict(line.split() for line in (ROOT / "tests/tutorial/images.txt").read_text().splitlines() if not line.startswith("#"))
    return [name for name in names if wanted.get(name) != hashlib.sha256((images / name).read_bytes()).hexdigest()]


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    images, guests, trapline, page = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    text = page.read_text()
    needs = missing("\n".join(BLOCK.findall(text)), {"images": images, "guest": guests})
    if needs:
        print(f"not here: {', '.join(needs)}")
        return 77
    blocks = [(m, items_of(m[1])) for m in BLOCK.finditer(text)]
    items = [item for _, of in blocks for item in of]
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        for name, to in (("images", images), ("guest", guests), ("trapline", trapline), ("tests", ROOT / "tests")):
            os.symlink(to, name)
        os.environ["PATH"] = work + ":" + os.environ["PATH"]
        os.environ["LC_ALL"] = "C.UTF-8"
        run_all(sessions_of(items))
        os.chdir("/")
    wrong = [item for item in items if not agrees(item.wanted, item.printed)]
    if len(sys.argv) == 6:
        for m, of in reversed(blocks):
            body = "".join("\n".join([item.head] + (item.printed if item in wrong else item.wanted)) + "\n" for item in of)
            text = text[:m.start(1)] + body + text[m.end(1):]
        page.write_text(text)
        return 0
    for item in wrong:
        print(f"{item.head}\n" + "\n".join(difflib.unified_diff(item.wanted, item.printed, "page", "printed", lineterm="")))
    print(f"{page.name}: {len(items)} commands, {len(wrong)} print something else")
    differ = others(text, images) if wrong else []
    if differ:
        print(f"not compared: the page was written with another {', '.join(differ)}")
        return 77
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
