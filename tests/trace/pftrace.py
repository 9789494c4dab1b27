"""Reads a trace of --trace by protoc and Perfetto's field numbers (perfetto.proto beside this file), and checks that it is sound.

usage: pftrace.py FILE    prints the tracks and the number of their slices
"""
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(rb'\s*(?:(\w+) \{|(\w+): (.*)|(\}))$')


def value(text):
    if text.startswith(b'"'):
        return text[1:-1].decode()
    return int(text) if text.lstrip(b'-').isdigit() else text.decode()


def packets(path):
    """Each packet as {field: [values]}; a nested message is one of those, too."""
    with open(path, 'rb') as data:
        protoc = subprocess.Popen(['protoc', '--decode=perfetto.protos.Trace', '-I', HERE, 'perfetto.proto'], stdin=data, stdout=subprocess.PIPE)
        stack = [{}]
        for line in protoc.stdout:
            opened, field, text, closed = LINE.match(line).groups()
            if closed:
                message = stack.pop()
                if len(stack) == 1:
                    yield message
                    stack[0] = {}
                continue
            name = (opened or field).decode()
            assert not name.isdigit(), f'field {name} is not in the schema'
            if opened:
                message = {}
                stack[-1].setdefault(name, []).append(message)
                stack.append(message)
            else:
                stack[-1].setdefault(name, []).append(value(text))
    assert protoc.wait() == 0, f'{path}: protoc cannot decode it'


class Track:
    def __init__(self, descriptor):
        self.uuid = descriptor['uuid'][0]
        thread = descriptor.get('thread', [{}])[0]
        process = descriptor.get('process', [{}])[0]
        self.name = (descriptor.get('name') or thread.get('thread_name') or process.get('process_name'))[0]
        self.parent = descriptor.get('parent_uuid', [0])[0]
        self.is_counter = 'counter' in descriptor
        self.open, self.slices, self.instants, self.values = [], [], [], []
        self.last = 0


class Event:
    def __init__(self, ts, name, args, flows, ends):
        self.begin, self.end, self.name, self.args, self.flows, self.ends, self.depth = ts, ts, name, args, flows, ends, 0


class Trace:
    """All tracks by name. Raises AssertionError when something is not as Perfetto wants it."""

    def __init__(self, path):
        self.by_uuid, self.tables = {}, defaultdict(dict)
        first = True
        for p in packets(path):
            assert p.get('trusted_packet_sequence_id') == [1]
            if first:
                assert p['sequence_flags'] == [1] and p['first_packet_on_sequence'] == ['true']
            first = False
            for table, entries in p.get('interned_data', [{}])[0].items():
                for e in entries:
                    assert e['iid'][0] not in self.tables[table], 'an interning id is used twice'
                    self.tables[table][e['iid'][0]] = (e.get('name') or e['str'])[0]
            for d in p.get('track_descriptor', []):
                t = Track(d)
                assert t.uuid not in self.by_uuid, 'a track is described twice'
                self.by_uuid[t.uuid] = t
            if 'track_event' in p:
                self.event(p['timestamp'][0], p['track_event'][0])
        for t in self.by_uuid.values():
            assert not t.open, f'{t.name}: a slice has no end'
            assert t.parent == 0 or t.parent in self.by_uuid, f'{t.name}: no parent'
        self.tracks = {t.name: t for t in self.by_uuid.values()}
        assert len(self.tracks) == len(self.by_uuid), 'two tracks have one name'
        self.flows()

    def args(self, event):
        result = {}
        for a in event.get('debug_annotations', []):
            name = self.tables['debug_annotation_names'][a['name_iid'][0]]
            if 'string_value_iid' in a:
                result[name] = self.tables['debug_annotation_string_values'][a['string_value_iid'][0]]
            else:
                result[name] = next(a[k][0] for k in ('pointer_value', 'uint_value', 'string_value') if k in a)
        return result

    def event(self, ts, e):
        track, kind = self.by_uuid[e['track_uuid'][0]], e['type'][0]
        assert ts >= track.last, f'{track.name}: time goes back from {track.last} to {ts}'
        track.last = ts
        assert track.is_counter == (kind == 'TYPE_COUNTER'), f'{track.name}: {kind}'
        if kind == 'TYPE_COUNTER':
            track.values.append((ts, e['counter_value'][0]))
            return
        if kind == 'TYPE_SLICE_END':
            assert track.open, f'{track.name}: an end without a begin at {ts}'
            track.open.pop().end = ts
            return
        name = self.tables['event_names'][e['name_iid'][0]]
        event = Event(ts, name, self.args(e), e.get('flow_ids', []), e.get('terminating_flow_ids', []))
        event.depth = len(track.open)
        if kind == 'TYPE_INSTANT':
            track.instants.append(event)
        else:
            track.slices.append(event)
            track.open.append(event)

    def flows(self):
        """Each flow leads from the instant of a trap to its slice, and from there to at most one ERET."""
        points, ends = Counter(), Counter()
        for t in self.by_uuid.values():
            for e in t.slices + t.instants:
                points.update(e.flows)
                ends.update(e.ends)
        assert all(n == 2 for n in points.values()), 'a flow that does not lead from a trap to its slice'
        assert all(n == 1 and points[f] == 2 for f, n in ends.items()), 'a flow that ends without having begun, or twice'
        self.flow_count, self.flow_ends, self.ended = len(points), len(ends), set(ends)

    def traps(self):
        """(PE, VM or 0, source EL, class, target EL) -> slices of traps."""
        slices = defaultdict(list)
        for t in self.by_uuid.values():
            m = re.match(r'PE (\d+) traps from (?:no VM|VM (\d+) |(other VMs ))', t.name)
            for e in t.slices if m else []:
                vm = 256 if m[3] else int(m[2] or 0)
                slices[int(m[1]), vm, e.args['from'], e.name, e.args['to']].append(e)
        return slices


if __name__ == '__main__':
    trace = Trace(sys.argv[1])
    for name, track in trace.tracks.items():
        print(f'{name}: {len(track.slices)} slices, {len(track.instants)} instants, {len(track.values)} values')
    print(f'{trace.flow_count} flows, {trace.flow_ends} with an end')
