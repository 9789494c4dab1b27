#!/usr/bin/env python3
"""The monitor from outside.

usage: monitor.py script|socket|terminal|same|frames EMULATOR GUESTS
       monitor.py xen|kvm EMULATOR IMAGES      77: an image is not there
"""
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

BOARD = ['-M', 'virt,gic-version=3,virtualization=on', '-cpu', 'cortex-a57', '-m', '256', '-no-reboot', '-semihosting']
PROMPT = '(trapline) '


def line(guest, *options):
    return [EMULATOR, *BOARD, '-kernel', f'{GUESTS}/{guest}.elf', *options]


def run(commands, guest='vm_switch', *options, status=0):
    """Commands as a script; what they print, and what is printed at the end."""
    done = subprocess.run(line(guest, '-monitor', 'stdio', *options), input=commands, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
    assert done.returncode == status, f'status {done.returncode}: {done.stderr}'
    return done.stdout.decode('latin-1')


def answers(text):
    """What each command printed, by its line."""
    parts = text.split(PROMPT)[1:]
    return [(part.split('\n', 1)[0], part.split('\n', 1)[1]) for part in parts]


def expect(condition, what):
    if not condition:
        sys.exit(f'FAIL {what}')


def script():
    said = answers(run(b'info status\nsi\nsi 3\nbreak guest_main\ncontinue\nbt\ninfo breakpoints\nu $pc 2\nx/2xw $pc\nnonsense\nquit\n', 'vm_switch', '-S'))
    commands = [command for command, _ in said]
    expect(commands == ['info status', 'si', 'si 3', 'break guest_main', 'continue', 'bt', 'info breakpoints', 'u $pc 2', 'x/2xw $pc', 'nonsense', 'quit'],
           f'each line is run once, in order: {commands}')
    by_name = dict(said)
    expect(by_name['info status'].startswith('stopped'), 'with -S it stands')
    expect('0x40080004' in by_name['si'] and '0x40080010' in by_name['si 3'], f'steps: {by_name["si"]} {by_name["si 3"]}')
    expect('breakpoint 1' in by_name['continue'] and '<guest_main>' in by_name['continue'], f'continue waits for the stop: {by_name["continue"]}')
    expect(re.search(r'^1 .* yes +1 ', by_name['info breakpoints'], re.M), f'the hit is counted: {by_name["info breakpoints"]}')
    expect(by_name['u $pc 2'].count('\n') == 2 and by_name['u $pc 2'].startswith('=> '), by_name['u $pc 2'])
    expect('unknown command' in by_name['nonsense'], by_name['nonsense'])
    said = dict(answers(run(b'set x0=0x123456789\np $w0\np pstate\np $w31\nx/2xw *$pc\nx/3s 0x40000000\nx/2s 0xfffffffffff00000\nquit\n', 'vm_switch', '-S')))
    expect(said['p $w0'] == '0x23456789\n' and said['p pstate'].startswith('cpsr '), said)
    expect('unknown register' in said['p $w31'] and '<_start>: 0x' in said['x/2xw *$pc'] and said['x/3s 0x40000000'].count('\n') == 3, said)
    expect(said['x/2s 0xfffffffffff00000'].startswith('error: '), said)

    # without a newline at the end; then the machine goes on to its end
    said = run(b'info status', 'vm_switch', '-S', '--digest')
    expect('digest ' in said and PROMPT + 'info status\nstopped' in said, said)
    said = run(b'b guest_main\nsi', 'vm_switch', '-S', '--digest')
    expect('digest ' in said and 'stepped' in said, 'a point that the script leaves behind stops nothing')
    # bad input: bytes, long lines, nothing at all
    bad = bytes(range(256)) * 20 + b'\n' + b'x' * 300000 + b'\n' + b'\0\0\n' + b'info ' * 700 + b'\nx/99999999999999999999xg 0\nx/4xg 0xffffffffffffffff\n'
    bad += b'break if if\nset\nset x0\nset =\np\ndelete 99999999999999999999\nignore\npe 4000000000\npe -1\nsymbols /\nsymbols /dev/zero\nsi 0\nsi -1\nx/s 0\nquit\n'
    said = run(bad, 'vm_switch', '-S')
    expect(said.count('error: ') > 15, f'each of them is an error:\n{said[-3000:]}')
    expect(max(map(len, said.split('\n'))) < 6000, 'nothing long comes back')
    expect('digest ' in run(b'', 'vm_switch', '-S', '--digest'), 'no input at all')


def endless(folder):
    """A kernel that is one instruction, b ."""
    with open(folder + '/loop', 'wb') as f:
        f.write(bytes.fromhex('00000014'))
    return folder + '/loop'


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.text = ''
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)

    def until(self, what):
        """Reads up to and with it; what came before."""
        while what not in self.text:
            data = self.socket.recv(4096)
            expect(data, f'the monitor left, waiting for {what!r} in {self.text!r}')
            self.text += data.decode('latin-1')
        before, self.text = self.text.split(what, 1)
        return before

    def ask(self, command):
        self.socket.sendall(command.encode() + b'\n')
        return self.until(PROMPT)


def at_socket():
    with tempfile.TemporaryDirectory() as folder:
        path = folder + '/monitor'
        process = subprocess.Popen(line('vm_switch', '-S', '-monitor', f'unix:{path},server,nowait', '-serial', 'null', '--digest'),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        while not os.path.exists(path):
            time.sleep(0.01)
        second = subprocess.run([EMULATOR, '-kernel', endless(folder), '-monitor', f'unix:{path}', '-serial', 'null'], stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, timeout=20)
        expect(second.returncode == 1 and 'cannot listen there: Address already in use' in second.stderr, 'a path has one owner')
        first = Client(path)
        first.until(PROMPT)
        expect('stopped' in first.ask('info status'), 'it stands')
        other = Client(path)
        expect(other.until('\n') == 'error: another client is connected', 'one client at a time')
        expect('=> ' in first.ask('si'), 'a step')
        first.socket.sendall(b'si\nsi\nsi\ninfo registers pc\n')
        first.until('pc    ')
        expect('40080010' in first.until('\n'), 'what is typed behind steps waits for them')
        first.socket.sendall(b'info reg')  # and vanishes in the middle of a line, so the machine goes on
        first.socket.close()
        out = process.communicate(timeout=60)[0]
        expect(process.returncode == 0 and 'digest ' in out, f'{process.returncode} {out}')
        expect(not os.path.exists(path), 'the socket is taken away')

        # garbage, and clients that vanish in the middle of it; the machine runs for ever meanwhile
        process = subprocess.Popen([EMULATOR, '-kernel', endless(folder), '-S', '-monitor', f'unix:{path}', '-serial', 'null'], stdin=subprocess.DEVNULL)
        for _ in range(3):
            client = Client(path)
            client.until(PROMPT)
            client.socket.sendall(os.urandom(100000))
            client.socket.close()
        client = Client(path)
        expect('running' in client.until(PROMPT) + client.ask('info status'), 'it went on when they left')
        client.socket.sendall(b'\nquit\n')
        process.wait(timeout=60)
        expect(process.returncode == 0, process.returncode)


class Terminal:
    """The program on a terminal of 100 columns."""
    def __init__(self, *command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        termios.tcsetwinsize(self.fd, (30, 100)) if hasattr(termios, 'tcsetwinsize') else None
        self.text = ''

    def until(self, what, seconds=20):
        end = time.time() + seconds
        while what not in self.text:
            expect(time.time() < end and select.select([self.fd], [], [], end - time.time())[0], f'no {what!r} in {self.text!r}')
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b''
            expect(data, f'the program ended, waiting for {what!r} in {self.text!r}')
            self.text += data.decode('latin-1')
        before, self.text = self.text.split(what, 1)
        return before

    def type(self, text):
        os.write(self.fd, text.encode('latin-1'))

    def wait(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def terminal():
    # beside the console: the guest waits for a key, so it still runs
    t = Terminal(*line('vm_switch', '-S', '-serial', 'mon:stdio'))
    t.type('\x01c')
    t.until(PROMPT)
    t.type('info st\t\r')
    t.until('stopped')
    t.until(PROMPT)
    t.type('b guest_ma\t\r')  # a symbol
    t.until('0x')
    t.until(PROMPT)
    t.type('info sysreg TTBR0_EL\t\t')  # several
    t.until('TTBR0_EL1')
    t.until('TTBR0_EL2')
    t.type('2\r')
    t.until('TTBR0_EL2        0x')
    t.until(PROMPT)
    t.type('\x1b[A\x1b[A\x1b[A\r')  # three lines back
    t.until('stopped')
    t.until(PROMPT)
    t.type('garbage that is forgotten\x03')
    t.until(PROMPT)
    t.type('c\r')
    t.until('breakpoint 1')
    t.until(PROMPT)
    t.type('\x01c')  # the console again, and back
    t.until('\r\x1b[K')
    t.type('\x01c')
    t.until(PROMPT)
    t.type('q\r')
    expect(t.wait() == 0, 'quit ends with status 0')

    # alone: Ctrl-C stops it
    t = Terminal(*line('psci', '-monitor', 'stdio', '-S', '-serial', 'null'))
    t.until(PROMPT)
    t.type('break 0x0 if x0=0\r')
    t.until(PROMPT)
    t.type('set x0=0x1234\r')
    t.until('0x0000000000001234')
    t.type('q\r')
    expect(t.wait() == 0, 'quit')

    # Ctrl-C in the middle of a run: of an endless loop
    with tempfile.TemporaryDirectory() as folder:
        for options in ['-monitor', 'stdio'], ['-serial', 'mon:stdio'], ['-monitor', 'stdio', '-smp', '2', '--parallel']:
            t = Terminal(EMULATOR, '-kernel', endless(folder), *options)
            if '-serial' in options:
                t.type('\x01c')
            t.until(PROMPT)
            t.type('info status\r')
            t.until('running')
            t.until(PROMPT)
            t.type('info registers pc\r')  # pauses it
            t.until('40080000')
            t.until(PROMPT)
            time.sleep(0.1)
            t.type('\x03')
            t.until('=> ')
            t.until(PROMPT)
            t.type('info status\r')
            t.until('stopped')
            t.until(PROMPT)
            t.type('c\r')
            t.until(PROMPT)
            os.kill(t.pid, signal.SIGTERM)
            expect(t.wait() == 143, 'SIGTERM ends it')


def same():
    """Looking and stepping between changes nothing."""
    look = b'info registers\ninfo sysreg\nx/64xg $sp\nxp/64xw 0x40080000\nu $pc 40\nbt\ninfo pes\ninfo status\np ESR_EL2\nsi 10\n'
    for guest, options in [('vm_switch', []), ('smp_vms', ['-smp', '2']), ('virt_counts', ['--timing']), ('s2_exits', ['--max-block', '1']),
                           ('tlb_counts', ['--tlb-reference'])]:
        more = b'pe 1\nsi 7\ninfo registers\npe 0\n' if guest == 'smp_vms' else b''
        with tempfile.TemporaryDirectory() as out:
            results = []
            for n, commands in enumerate((b'', b'b guest_main\nc\n' + look + b'si 1000\n' + more + look + b'delete\n')):
                said = run(commands, guest, '-S', '--digest', '--summary', '--stats', f'{out}/{n}', '-serial', f'file:{out}/{n}.console', *options)
                with open(f'{out}/{n}/stats.txt') as stats, open(f'{out}/{n}.console') as console:
                    results.append((said[said.rindex('digest '):], stats.read().split('\n', 2)[2], console.read()))
            for what, a, b in zip(('digest', 'statistics', 'console'), *results):
                expect(a == b, f'{guest} {options}: the {what} of a run that was looked at is another')
            expect('breakpoint 1' in said and 'stepped to' in said, f'{guest}: it was stopped:\n{said[:3000]}')


def frames():
    """Backtraces: two calls deep, and what a hostile guest may have in x29."""
    data = [(0x48000000, 0x48000010), (0x48000008, 0x1111), (0x48000010, 0x48000000), (0x48000018, 0x2222), (0x48000020, 0x48000020), (0x48000028, 0x3333)]
    memory = [word for addr, value in data for word in ('-device', f'loader,addr={addr:#x},data={value:#x},data-len=8')]
    text = b'b guest_defaults\nc\nbt\nbt 2\n' + b''.join(b'set x29=%s\nbt\n' % fp for fp in
                                                         (b'0x48000000', b'0x48000020', b'3', b'0', b'-8', b'0xfffffffffffffff8', b'0x1000000000'))
    said = answers(run(text + b'quit\n', 'vm_switch', '-S', *memory))
    said = [text for command, text in said if command.startswith('bt')]
    expect(re.fullmatch(r'#0   EL2 0x[0-9a-f]{16} guest_defaults\n#1   EL2 \S+ guest_main\+\S+ \(x30\)\n#2   EL2 \S+ _start\+\S+\n', said[0]), said[0])
    expect(said[1].count('\n') == 3 and said[1].endswith('(more frames follow)\n'), said[1])
    expect(said[2].count('\n') == 65 and '#63' in said[2], 'a chain without end')
    expect([text.count('\n') for text in said[3:]] == [3, 2, 2, 2, 2, 2], f'broken chains: {said[3:]}')


def backtraces(scenario, commands, names, *more):
    """What bt says in a boot."""
    if not all(os.path.exists(f'{GUESTS}/{name}') for name in names):
        sys.exit(77)
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([here + '/../boot/scenarios.sh', GUESTS, scenario], stdout=subprocess.PIPE, text=True, check=True)
    options = done.stdout.rstrip('\n').split('\n')
    options.remove('-nographic')
    options[options.index('stdio')] = 'null'
    done = subprocess.run([EMULATOR, *options, *more, '-monitor', 'stdio', '-S'], input=commands, stdout=subprocess.PIPE, timeout=100)
    return [text for command, text in answers(done.stdout.decode()) if command == 'bt']


def kvm():
    """In a host with VHE: at a guest's exit, and where the host handles it, with QEMU below and the guest beside it."""
    commands = b'catch trap s2fault\nc\nsymbols el2\nbt\nb kvm_handle_guest_abort\ndelete 1\nc\nbt\nquit\n'
    first, second = backtraces('kvm-vhe', commands, ['Image-6.1', 'initrd-disk.gz', 'host.img'])
    guest = r'entered from EL1 \(VMID 1\) by IABT_LOW, ESR 0x82000005, FAR 0x40000000\n#\d+ +EL1 0x0000000040000000\n'
    expect(re.fullmatch(r'#0   EL2 .*\n---- EL2 was ' + guest, first), first)
    expect(re.fullmatch(r'#0   EL2 \S+ kvm_handle_guest_abort\n#1   EL2 \S+ handle_exit\+\S+ \(x30\)\n(#.*\n)+#\d+ +EL2 \S+ el0t_64_sync\+\S+\n'
                        r'---- EL2 was entered from EL0 by SVC64, ESR 0x56000000\n(#\d+ +EL0 .*\n){2,}---- EL2 was last ' + guest, second), second)


def xen():
    """From a hypercall's function back into dom0's kernel, and from its system call into the process."""
    # names out of Xen's image, then out of the memory of dom0's kernel, which runs wherever KASLR put it
    commands = b'b do_console_io if el=2\nc\nsymbols el1\nbt\ndelete\nb do_sys_openat2\nc\nbt\nquit\n'
    first, second = backtraces('xen', commands, ['xen-4.17', 'Image-6.1', 'initrd.gz'], '--symbols', f'{GUESTS}/xen-4.17')
    expect(re.search(r'EL2 \S+ do_console_io\n(.*\n)+---- EL2 was entered from EL1 \(VMID \d+\) by HVC64, ESR 0x5a000ea1\n#\d+ +EL1 \S+ '
                     r'HYPERVISOR_console_io\S+\n(.*\n)+#\d+ +EL1 \S+ start_kernel', first), first)
    expect(re.search(r'EL1 \S+ el0_svc\S+\n(.*\n)+---- EL1 was entered from EL0 by SVC64, ESR 0x56000000\n#\d+ +EL0 0x', second), second)


if __name__ == '__main__':
    EMULATOR, GUESTS = sys.argv[2:]
    {'script': script, 'socket': at_socket, 'terminal': terminal, 'same': same, 'frames': frames, 'xen': xen, 'kvm': kvm}[sys.argv[1]]()
