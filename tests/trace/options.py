#!/usr/bin/env python3
"""What --trace does with its range and size, with how blocks are cut, with a full disk, and with --parallel.

usage: options.py EMULATOR GUESTS    77: no protoc
"""
import os
import shutil
import subprocess
import sys
import tempfile

from pftrace import Trace

BOARD = ['-M', 'virt,gic-version=3,virtualization=on', '-cpu', 'cortex-a57', '-m', '256', '-nographic', '-nodefaults', '-serial', 'stdio',
         '-no-reboot', '-semihosting']


def run(guest, *options, status=0):
    done = subprocess.run([EMULATOR, *BOARD, '-kernel', f'{GUESTS}/{guest}.elf', *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == status, f'{options}: status {done.returncode}: {done.stderr}'
    return done.stderr


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def points(trace, begin, end):
    """The times, names and kinds of all that begins in a range, sleep and levels that go on from before it left out."""
    return sorted((e.begin, e.name, t.name) for t in trace.by_uuid.values() for e in t.slices + t.instants if begin < e.begin < end)


def ranges(out):
    run('vm_switch', '--trace', f'{out}/all')
    whole = Trace(f'{out}/all')
    times = sorted(e.begin for e in whole.tracks['PE 0'].instants)
    begin, end = times[len(times) // 3] - 1, times[len(times) // 2] + 1
    run('vm_switch', '--trace', f'{out}/part', '--trace-from', f'{begin}ns', '--trace-to', f'{end}ns')
    part = Trace(f'{out}/part')
    assert points(part, begin, end) == points(whole, begin, end), 'a part of the run is not that part of the whole trace'
    assert points(part, 0, begin) == [] and points(part, end, 1 << 60) == []
    assert part.tracks['PE 0'].slices[0].begin == begin and max(s.end for s in part.tracks['PE 0'].slices) == end
    run('vm_switch', '--trace', f'{out}/late', '--trace-from', '1000s')
    assert points(Trace(f'{out}/late'), -1, 1 << 60) == []


def blocks(out):
    for n in '1', '7':
        run('vm_switch', '--trace', f'{out}/blocks', '--max-block', n)
        assert read(f'{out}/blocks') == read(f'{out}/all'), f'--max-block {n} writes another trace'
    run('vm_switch', '--trace', f'{out}/reference', '--tlb-reference')
    assert read(f'{out}/reference') == read(f'{out}/all'), '--tlb-reference writes another trace'


def digests(out):
    """Watching changes nothing."""
    for guest in 'vm_switch', 's2_exits':
        for n, more in enumerate(([], ['--trace', f'{out}/t'])):
            run(guest, '--stats', f'{out}/{guest}{n}', *more)
        a, b = (read(f'{out}/{guest}{n}/stats.csv') for n in (0, 1))
        assert a == b, f'{guest}: --trace changes what is counted'


def sizes(out):
    """A guest that traps without end."""
    said = run('s2_exits', '--trace', f'{out}/long', '--trace-max', '1M', '-semihosting-config', 'enable=off', '--max-insns', '3000000', status=1)
    assert f'--trace {out}/long: 1048576 bytes (--trace-max) are reached at' in said, said
    assert said.count('\n') == 2, said
    size = os.path.getsize(f'{out}/long')
    assert (1 << 20) - 8192 < size <= 1 << 20, size
    Trace(f'{out}/long')


def failures(out):
    said = run('vm_switch', '--trace', '/dev/full')
    assert said == 'trace: --trace /dev/full: cannot write: No space left on device; it ends there, the run goes on\n', said
    said = run('vm_switch', '--trace', f'{out}/none/t', status=1)
    assert said == f'trapline: --trace {out}/none/t: cannot open: No such file or directory\n', said


def parallel(out):
    run('smp_vms', '-smp', '4', '--parallel', '--trace', f'{out}/parallel', '-cpu', 'neoverse-n1')
    assert sum(len(v) for v in Trace(f'{out}/parallel').traps().values()) > 0


def main():
    with tempfile.TemporaryDirectory() as out:
        for test in ranges, blocks, digests, sizes, failures, parallel:
            test(out)


if __name__ == '__main__':
    EMULATOR, GUESTS = sys.argv[1:]
    if not shutil.which('protoc'):
        sys.exit(77)
    main()
