#!/usr/bin/env python3
"""What --tarmac writes: line for line for a small guest, against QEMU's -d cpu, and against memory, registers and the statistics.

usage: tarmac.py lines EMULATOR                    a guest of a few instructions gives tarmac.txt beside this file
       tarmac.py qemu EMULATOR QEMU ELF N          the first N instructions and their registers are those that QEMU shows; 77: no QEMU
       tarmac.py guest EMULATOR ELF [OPTION...]    replays the files: see replay()
       tarmac.py options EMULATOR GUESTS           range, size, blocks, what is refused

The syntax is what the parser of Arm's Tarmac Trace Utilities takes.
"""
import csv
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter

LINE = re.compile(r'(?P<time>\d+) ns cpu(?P<cpu>\d+) (?:'
                  r'(?P<insn>I[TS]) \((?P<n>\d+)\) (?P<pc>[0-9a-f]{8,16}) (?P<word>[0-9a-f]{8}) O (?P<mode>EL[0-3][th]_n?s) : (?P<text>\S.*)|'
                  r'R (?P<reg>[A-Za-z]\w*) (?P<value>(?:[0-9a-f]{8})+)|'
                  r'M(?P<rw>[RW])(?P<size>[1-8]) (?P<va>[0-9a-f]{8,16}):(?P<pa>[0-9a-f]{12,16}_N?S) (?P<data>(?:[0-9a-f]{2})+)|'
                  r'E (?P<to>[0-9a-f]{8,16}) (?P<esr>[0-9a-f]{8}) CoreEvent_(?P<event>\w+))$')
BOARD = ['-M', 'virt,gic-version=3,virtualization=on', '-cpu', 'cortex-a57', '-m', '256', '-nographic', '-nodefaults', '-serial', 'stdio',
         '-no-reboot', '-semihosting']

BASE, VECTOR = 0x40080000, 0x40080a00
CODE = [0x10004000, 0xd518c000,  # adr x0, 0x40080800; msr vbar_el1, x0
        0xd2800541, 0x100047a2,  # mov x1, #42; adr x2, 0x40080900
        0xf9000041, 0x39400043,  # str x1, [x2]; ldrb w3, [x2]
        0xeb01007f, 0x54000041,  # cmp x3, x1; b.ne .+8: not taken
        0xd4000021, 0xf81fc041,  # svc #1; stur x1, [x2, #-4]: a fault, as memory is Device while the MMU is off
        0xd2a12006, 0xb94018c4,  # mov x6, #0x9000000; ldr w4, [x6, #24]: the UART's flags
        0x528005c7, 0xb90000c7,  # mov w7, #'.'; str w7, [x6]
        0x52b08000, 0x72800100, 0xd4000002]  # mov w0, #0x84000008; hvc #0: power off
HANDLER = [0xd5385205, 0xd35afca5, 0xf10054bf, 0x54000080,  # mrs x5, esr_el1; lsr x5, x5, #26; cmp x5, #0x15; b.eq to the eret
           0xd5384028, 0x91001108, 0xd5184028, 0xd69f03e0]  # mrs x8, elr_el1; add x8, x8, #4; msr elr_el1, x8; eret


def run(emulator, kernel, *options, status=0, board=BOARD):
    done = subprocess.run([emulator, *board, '-kernel', kernel, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == status, f'{options}: status {done.returncode}: {done.stderr}'
    return done.stderr


def read(path):
    with open(path, encoding='ascii') as f:
        return f.read()


def parse(path):
    with open(path, encoding='ascii') as f:
        for text in f:
            m = LINE.match(text)
            assert m, f'{path}: not Tarmac: {text}'
            yield m


def lines(emulator):
    with tempfile.TemporaryDirectory() as out:
        with open(f'{out}/code', 'wb') as f:
            words = CODE + [0] * ((VECTOR - BASE) // 4 - len(CODE)) + HANDLER
            f.write(struct.pack(f'<{len(words)}I', *words))
        board = ['-M', 'virt,gic-version=3', '-cpu', 'cortex-a57', '-nographic', '-nodefaults', '-serial', 'stdio']
        run(emulator, f'{out}/code', '--tarmac', f'{out}/t', board=board)
        text = read(f'{out}/t')
        assert len(list(parse(f'{out}/t'))) == text.count('\n')
        first = text.index('0 ns cpu0 IT')
        assert text[:first].count('\n') == 31 + 4 + 32 + 1, 'the registers at the begin'
        want = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tarmac.txt'))
        if text[first:] != want:
            sys.stdout.write(text[first:])
            sys.exit('these are not the lines of tarmac.txt')


def qemu_states(qemu, elf, n):
    """(PC, registers) before each of the first n instructions."""
    command = [qemu, *BOARD, '-kernel', elf, '-singlestep', '-d', 'cpu,exec,nochain']
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors='replace') as q:
        state = {}
        for text in q.stderr:
            for name, value in re.findall(r'\b(X\d\d|SP|PC)=([0-9a-f]{16})', text):
                state[name] = value
            if text.startswith('PSTATE='):
                state['cpsr'] = text[7:15]
                yield state.pop('PC'), state
                state = {}
                n -= 1
                if n == 0:
                    break
        q.kill()


def our_states(path):
    """The same by replaying the lines; registers that were written, and not by MRS: resets of system registers may differ."""
    state, written, mrs = {}, set(), None
    for m in parse(path):
        if m['insn']:
            yield m['pc'].zfill(16), {r: state[r] for r in written}, f'EL{m["mode"][2]}' if m['mode'][3] == 'h' else 'EL0'
            mrs = f'X{int(m["word"], 16) & 31:02}' if m['word'].startswith('d53') else ''
        elif m['reg']:
            name = re.sub(r'^X(\d)$', r'X0\1', m['reg'])
            state[name] = m['value']
            if mrs is not None:
                (written.discard if name == mrs else written.add)(name)


def compare_qemu(emulator, qemu, elf, n):
    if not shutil.which(qemu):
        sys.exit(77)
    with tempfile.TemporaryDirectory() as out:
        run(emulator, elf, '--tarmac', f'{out}/t')
        count = 0
        for (pc, theirs), (our_pc, ours, el) in zip(qemu_states(qemu, elf, n), our_states(f'{out}/t')):
            assert pc == our_pc, f'instruction {count + 1} is at {our_pc}, in QEMU at {pc}'
            if f'SP_{el}' in ours:
                ours['SP'] = ours[f'SP_{el}']
            for name in set(theirs) & set(ours):
                assert theirs[name] == ours[name], f'instruction {count + 1} at {pc}: {name} is {ours[name]}, in QEMU {theirs[name]}'
            count += 1
        assert count == n, f'{count} instructions'
    print(f'{n} instructions and their registers')


def replay(paths, stats):
    """
    Instructions are numbered, go on at the next one or where a branch, return or exception may lead, and are as many as the statistics
    have; so are exceptions. What is read from RAM is what was written there before by anybody whose files are here (one PE).
    """
    insns, events, memory = Counter(), Counter(), {}
    for path in paths:
        at, after, el = 0, None, None
        for m in parse(path):
            assert int(m['time']) >= at, f'{path}: time goes back to {m["time"]}'
            at, pe = int(m['time']), int(m['cpu'])
            if m['insn']:
                insns[pe, int(m['mode'][2])] += 1
                assert int(m['n']) == sum(n for (p, _), n in insns.items() if p == pe), f'{path}: instruction {m["n"]}'
                pc, word = int(m['pc'], 16), int(m['word'], 16)
                assert after is None or pc in after, f'{path}: {m["pc"]} comes after {after}'
                branch = word >> 26 & 0x1f in (5, 0xd, 0x15) or word >> 25 == 0x6b or word >> 29 & 3 == 1 and word >> 26 & 7 == 5
                after = None if branch and m['insn'] == 'IT' else [pc + 4]
                el = int(m['mode'][2])
            elif m['event']:
                name, source, target = re.match(r'(\w+)_EL(\d)_to_EL(\d)$', m['event']).groups()
                events[pe, int(source), name, int(target)] += 1
                after = [int(m['to'], 16)]
            elif m['rw'] and len(paths) == 1:
                base = int(m['pa'].split('_')[0], 16)
                data = bytes.fromhex(m['data'])[::-1]
                assert len(data) == int(m['size'])
                for i, byte in enumerate(data if base >= 0x40000000 else b''):
                    assert m['rw'] == 'W' or memory.get(base + i, byte) == byte, f'{m[0]}: {memory[base + i]:#x} was written at {base + i:#x}'
                    memory[base + i] = byte
    want_insns, want_events = Counter(), Counter()
    with open(stats, encoding='ascii') as rows:
        for r in csv.DictReader(rows):
            if r['name'] == 'insns' and r['pe']:
                want_insns[int(r['pe']), int(r['el'])] += int(r['value'])
            elif r['pe'] and (m := re.match(r'exceptions\.(\w+)\.to_el(\d)$', r['name'])):
                want_events[int(r['pe']), int(r['el']), m[1], int(m[2])] += int(r['value'])
    assert insns == +want_insns, f'instructions: {insns}, in stats.csv {+want_insns}'
    assert events == +want_events, f'exceptions: {events}, in stats.csv {+want_events}'
    return sum(insns.values()), sum(events.values())


def guest(emulator, elf, *options):
    with tempfile.TemporaryDirectory() as out:
        run(emulator, elf, '--stats', f'{out}/plain', *options)
        run(emulator, elf, '--tarmac', f'{out}/t', '--trace-max', '1G', '--stats', f'{out}/s', *options)
        print('%u instructions, %u exceptions' % replay(sorted(glob.glob(f'{out}/t*')), f'{out}/s/stats.csv'))
        assert read(f'{out}/plain/stats.csv') == read(f'{out}/s/stats.csv'), '--tarmac changes what is counted'


def options(emulator, guests):
    elf = f'{guests}/vm_switch.elf'
    with tempfile.TemporaryDirectory() as out:
        run(emulator, elf, '--tarmac', f'{out}/all')
        whole = read(f'{out}/all')
        for n in '1', '7':
            run(emulator, elf, '--tarmac', f'{out}/blocks', '--max-block', n)
            assert read(f'{out}/blocks') == whole, f'--max-block {n} writes another file'
        run(emulator, elf, '--tarmac', f'{out}/part', '--trace-from', '100us', '--trace-to', '110us')
        part = read(f'{out}/part').splitlines()[68:]
        times = [(int(x.split()[0]), re.sub(r'\(\d+\)', '', x)) for x in whole.splitlines()]
        assert [re.sub(r'\(\d+\)', '', x) for x in part] == [x for t, x in times if 100000 <= t <= 110000], 'a part is not that part of the whole'
        said = run(emulator, elf, '--tarmac', f'{out}/small', '--trace-max', '1M')
        assert f'--tarmac {out}/small: 1048576 bytes (--trace-max) are reached at' in said, said
        small = read(f'{out}/small')
        assert whole.startswith(small) and (1 << 20) - 65536 < len(small) <= 1 << 20
        said = run(emulator, elf, '--tarmac', f'{out}/none/t', status=1)
        assert said == f'trapline: --tarmac {out}/none/t: cannot open: No such file or directory\n', said
        said = run(emulator, elf, '--tarmac', f'{out}/t', '-smp', '2', '--parallel', status=1)
        assert said.count('\n') == 1 and '--parallel' in said, said
        said = run(emulator, elf, '--trace-from', '1s', status=1)
        assert said.count('\n') == 1 and '--tarmac FILE' in said, said


def main():
    what, *rest = sys.argv[1:]
    if what == 'qemu':
        compare_qemu(*rest[:3], int(rest[3]))
    else:
        {'lines': lines, 'guest': guest, 'options': options}[what](*rest)


if __name__ == '__main__':
    try:
        main()
    except AssertionError as e:
        sys.exit(str(e))
