#!/usr/bin/env python3
"""Runs something with --trace, -d int and --stats at once and holds the three against each other.

usage: check.py guest EMULATOR ELF [OPTION...]             a bare-metal guest test
       check.py boot EMULATOR SCENARIOS IMAGES NAME [N]    a scenario of tests/boot/scenarios.sh, its first N instructions; 77: no images

The trace must be sound (pftrace.py), and have, for each PE, VM, source, class and target, as many traps as stats.csv counts; where nobody
slept, they last as long as its trap_cycles. What -d int says of each PE must have the same classes as often, and the table of --summary
the same numbers. A second run must write the same trace.
"""
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

from pftrace import Trace

# EC -> class, as docs/statistics.md names them: what -d int does not say
CLASSES = {0x00: 'UNKNOWN', 0x01: 'WFx', 0x07: 'FP_ASIMD', 0x0e: 'ILL', 0x15: 'SVC64', 0x16: 'HVC64', 0x17: 'SMC64', 0x18: 'SYS64',
           0x20: 'IABT_LOW', 0x21: 'IABT_CUR', 0x22: 'PC_ALIGN', 0x24: 'DABT_LOW', 0x25: 'DABT_CUR', 0x26: 'SP_ALIGN', 0x2c: 'FP_EXC64',
           0x2f: 'SERROR', 0x30: 'BREAKPT_LOW', 0x31: 'BREAKPT_CUR', 0x32: 'SOFTSTP_LOW', 0x33: 'SOFTSTP_CUR', 0x34: 'WATCHPT_LOW',
           0x35: 'WATCHPT_CUR', 0x3c: 'BRK64'}
INTERRUPTS = {5: 'IRQ', 14: 'IRQ', 6: 'FIQ', 15: 'FIQ', 24: 'SERROR', 32: 'SERROR'}


def logged(path):
    """(PE, source, class, target) -> how often -d int says so. Calls that the board serves are no exceptions."""
    count, key, pe, number = Counter(), None, 0, 0
    with open(path) as log:
        for line in log:
            if m := re.match(r'Taking exception (\d+) \[.*\] on CPU (\d+)', line):
                number, pe = int(m[1]), int(m[2])
            elif m := re.match(r'\.\.\.from EL(\d) to EL(\d)', line):
                source, target = int(m[1]), int(m[2])
            elif m := re.match(r'\.\.\.with ESR 0x([0-9a-f]+)/', line):
                key = (pe, source, INTERRUPTS.get(number) or CLASSES[int(m[1], 16)], target)
                count[key] += 1
            elif line.startswith('...handled as PSCI call'):
                count[key] -= 1
    return +count


def counted(path):
    """(PE, VM, source, class, target) -> exceptions of stats.csv, and the same -> (count, sum) of trap_cycles."""
    count, cycles = Counter(), {}
    with open(path) as rows:
        for r in csv.DictReader(rows):
            if m := re.match(r'exceptions\.(\w+)\.to_el(\d)$', r['name']):
                count[int(r['pe']), int(r['vm']), int(r['el']), m[1], int(m[2])] += int(r['value'])
            elif m := re.match(r'trap_cycles\.(\w+)\.to_el(\d)\.(count|sum)$', r['name']):
                key = int(r['pe']), int(r['vm']), int(r['el']), m[1], int(m[2])
                cycles.setdefault(key, {})[m[3]] = int(r['value'])
    return count, cycles


def summed_up(text):
    """(VM or 0, class) -> samples of --summary's tables."""
    table, vm = Counter(), None
    for line in text.split('Exceptions taken to EL2\n')[-1].splitlines():
        if m := re.match(r'VM (\d+)', line):
            vm = int(m[1])
        elif line.startswith('below EL2'):
            vm = 0
        elif not line.strip():
            break
        elif vm is not None and (m := re.match(r'  (\w+) +(\d+) +[\d.]+%', line)):
            table[vm, m[1]] += int(m[2])
    return table


def differ(a, b, what):
    for key in sorted(set(a) | set(b)):
        if a.get(key, 0) != b.get(key, 0):
            raise AssertionError(f'{what}: {key}: {a.get(key, 0)} and {b.get(key, 0)}')


def compare(out, console):
    trace = Trace(f'{out}/t.pftrace')
    count, cycles = counted(f'{out}/stats/stats.csv')
    traps = trace.traps()
    differ({k: len(v) for k, v in traps.items()}, count, 'trace and stats.csv')
    by_pe, to_el2 = Counter(), Counter()
    for (pe, vm, source, name, target), n in count.items():
        by_pe[pe, source, name, target] += n
        if source < 2 and target == 2:
            to_el2[vm, name] += n
    differ(logged(f'{out}/log'), by_pe, '-d int and stats.csv')
    differ(summed_up(console), to_el2, '--summary and stats.csv')
    assert sum(len(v) for v in traps.values()) == trace.flow_count
    returned = sum(c['count'] for c in cycles.values())
    assert trace.flow_ends == returned, f'{trace.flow_ends} flows end in a return, stats.csv has {returned} times'
    slept = any(s.name in ('WFI', 'WFE') for t in trace.by_uuid.values() for s in t.slices)
    for key, c in cycles.items():
        ended = [e.end - e.begin for e in traps[key] if e.flows[0] in trace.ended]
        assert len(ended) == c['count'], f'{key}: {len(ended)} slices with a return, {c["count"]} in stats.csv'
        assert slept or sum(ended) == c['sum'], f'{key}: slices last {sum(ended)} ns, stats.csv has {c["sum"]} cycles'
    for pe in {k[0] for k in traps}:
        t = trace.tracks[f'PE {pe}']
        assert sum(i.name != 'ERET' for i in t.instants) == sum(len(v) for k, v in traps.items() if k[0] == pe)
        insns = trace.tracks[f'PE {pe} instructions'].values
        assert insns == sorted(insns)
    return trace, count


def run(command, out, images):
    os.mkdir(out)
    command = [*command, '--trace', f'{out}/t.pftrace', '-d', 'int', '-D', f'{out}/log', '--stats', f'{out}/stats', '--summary']
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', timeout=800)
    if done.returncode and not (images and 'instruction limit' in done.stderr):
        sys.exit(f'{" ".join(command)}: {done.stderr or done.stdout}')
    return done.stdout


def command_of(arguments):
    if arguments[0] == 'guest':
        return [arguments[1], '-M', 'virt,gic-version=3,virtualization=on', '-m', '256', '-nographic', '-nodefaults', '-serial', 'stdio',
                '-no-reboot', '-semihosting', '-kernel', *arguments[2:]], False
    emulator, scenarios, images, name = arguments[1:5]
    if not os.path.exists(f'{images}/Image-6.1'):
        print('no images')
        sys.exit(77)
    options = subprocess.run([scenarios, images, name], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [emulator, *options, *(['--max-insns', arguments[5]] if len(arguments) > 5 else [])], True


def main():
    if not shutil.which('protoc'):
        print('no protoc')
        sys.exit(77)
    command, images = command_of(sys.argv[1:])
    with tempfile.TemporaryDirectory() as tmp:
        try:
            trace, count = compare(f'{tmp}/1', run(command, f'{tmp}/1', images))
        except AssertionError as e:
            sys.exit(str(e))
        run(command, f'{tmp}/2', images)
        with open(f'{tmp}/1/t.pftrace', 'rb') as a, open(f'{tmp}/2/t.pftrace', 'rb') as b:
            if a.read() != b.read():
                sys.exit('two runs write different traces')
        size = os.path.getsize(f'{tmp}/1/t.pftrace')
    print(f'{sum(count.values())} exceptions of {len(count)} kinds, {trace.flow_ends} returns, {size} bytes')


if __name__ == '__main__':
    main()
