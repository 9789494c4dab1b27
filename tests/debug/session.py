#!/usr/bin/env python3
"""Real debuggers drive a boot, and what they show must be what is written down: session.py IMAGES EMULATOR FILE

FILE has lines
    scenario NAME [WORDS]    of tests/boot/scenarios.sh; WORDS go behind the kernel's arguments ("nokaslr" for names of Linux)
    symbols IMAGE...         {IMAGE} is then a symbol file of it, made by tests/tutorial/symbols.py, {IMAGE:NAME} an address in it
    options OPTION...        further ones of the emulator
    killed                   the last debugger kills the machine: there is nothing to compare then
    --- gdb|lldb|pipe        a debugger connects at {socket}; each such line begins a new one, to the machine that the last one left.
                             pipe is lldb that gets its commands one by one: `sleep SECONDS` waits between them
    > COMMAND                what it is told; the lines up to the next one are expressions that its answer must contain, those
                             beginning with ! such that it must not
Lines that begin with # are comments. At the end the machine must run to its end by itself, and leave behind what a run leaves that nobody
looked at: console, end digest and statistics (run.py). Status 77 without a debugger or an image.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tutorial")]
import run  # noqa: E402  (tests/debug/run.py)
import symbols  # noqa: E402  (tests/tutorial/symbols.py)

TOOL = {"gdb": "gdb-multiarch", "lldb": "lldb", "pipe": "lldb"}
LIMIT = 600
# Debian's lldb brings the Python that it was built with
ENVIRONMENT = os.environ | {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


class Session:
    def __init__(self, path):
        self.scenario, self.words, self.symbols, self.options, self.killed, self.parts = None, "", [], [], False, []
        for line in path.read_text().splitlines():
            first, _, rest = line.partition(" ")
            if not line.strip() or line.startswith("#"):
                continue
            if first == "---":
                self.parts.append((rest, []))
            elif self.parts and first == ">":
                self.parts[-1][1].append((rest, []))
            elif self.parts:
                self.parts[-1][1][-1][1].append(line)
            elif first == "killed":
                self.killed = True
            elif first == "scenario":
                self.scenario, _, self.words = rest.partition(" ")
            else:
                setattr(self, first, rest.split())


def options_of(images, session):
    options = run.scenario(str(images), session.scenario)
    return options and [o.replace("panic=-1", f"panic=-1 {session.words}".rstrip()) for o in options] + session.options


def expand(text, names):
    return re.sub(r"\{([\w.:-]+)\}", lambda m: str(names[m.group(1)]), text)


def run_script(kind, commands, work):
    """The answers to all commands, from a debugger that reads them from a file and shows each before its answer."""
    script = work / "script"
    if kind == "gdb":
        begin = ["set pagination off", "set confirm off", "set width 0", "set remotetimeout 60", "set trace-commands on"]
        command, prompt = [TOOL[kind], "-nx", "-batch", "-x", script], "+"
    else:
        begin = []
        command, prompt = [TOOL[kind], "--no-lldbinit", "-b", "-s", script], "(lldb) "
    script.write_text("\n".join(begin + commands) + "\n")
    said = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT,
                          env=ENVIRONMENT, errors="replace").stdout
    answers, rest = [], said
    for following in commands[1:] + [None]:
        _, _, rest = rest.partition(prompt + commands[len(answers)] + "\n")
        answers.append(rest if following is None else rest.partition(prompt + following + "\n")[0])
    return answers, said


def run_pipe(commands, work):
    """lldb at a pipe does not wait for anything, and its answers run together: each command gets the whole text."""
    lldb = subprocess.Popen([TOOL["pipe"], "--no-lldbinit"], text=True, stdin=subprocess.PIPE, stdout=open(work / "said", "w"), stderr=subprocess.STDOUT,
                            env=ENVIRONMENT)
    for command in commands:
        if command.startswith("sleep "):
            time.sleep(float(command.split()[1]))
            continue
        lldb.stdin.write(command + "\n")
        lldb.stdin.flush()
        time.sleep(0.2)
    lldb.stdin.close()
    lldb.wait(LIMIT)
    said = (work / "said").read_text(errors="replace")
    return [said] * len(commands), said


def check(kind, commands, answers):
    """What is not as written."""
    bad = []
    for (command, wanted), answer in zip(commands, answers):
        for expression in wanted:
            no = expression.startswith("! ")
            if bool(re.search(expression[2:] if no else expression, answer, re.M)) == no:
                bad.append(f"{kind}: {command}: {'not ' if no else ''}wanted {expression.lstrip('! ')!r}, got:\n{answer.rstrip()[:2000]}")
    return bad


def drive_of(session, names):
    """What run.both() calls with the socket: all parts, one after the other."""
    def drive(socket):
        bad, work = [], pathlib.Path(socket).parent
        for kind, rows in session.parts:
            rows = [(expand(command, names | {"socket": socket, "work": work}), wanted) for command, wanted in rows]
            texts = [command for command, _ in rows]
            answers, said = run_pipe(texts, work) if kind == "pipe" else run_script(kind, texts, work)
            wrong = check(kind, rows, answers)
            if wrong:
                print(said)
            bad += wrong
        for line in bad:
            print("FAIL", line)
        return 1 if bad else 0
    return drive


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    images, emulator = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    session = Session(pathlib.Path(sys.argv[3]))
    options, names = options_of(images, session), {}
    missing = [TOOL[kind] for kind, _ in session.parts if not shutil.which(TOOL[kind])]
    missing += [name for name in session.symbols if not (images / name).exists()]
    if missing or options is None:
        print(f"not here: {', '.join(missing) or 'images of the scenario'}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        for name in session.symbols:
            names[name] = pathlib.Path(folder) / (name + ".elf")
            table = symbols.read(images / name)
            names[name].write_bytes(symbols.elf(table))
            names |= {f"{name}:{symbol}": hex(address) for address, _, symbol in reversed(table)}
        bad = run.both(emulator, options, drive_of(session, names), session.killed)
    for line in bad:
        print("FAIL", line)
    if not bad:
        print(f"ok   {sum(len(rows) for _, rows in session.parts)} commands" + ("" if session.killed else "; console, digest and statistics are those of a run without a debugger"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
