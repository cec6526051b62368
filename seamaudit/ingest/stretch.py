"""Stretches: ids on a tape, and how the next prompt of a thread goes on from the last one."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import repeat

from msgspec import Struct

from seamaudit.trace.prefix import Runs, common_prefix


class Stretch(Struct, frozen=True, gc=False):
    """Ids and the runs over a tape that spell them; `room` are positions of the tape that are kept free for what will follow."""

    ids: Sequence[int] = ()
    runs: Runs = ()
    room: tuple[int, int] = (0, 0)

    def followed_by(self, ids: list[int], tape: array[int]) -> Stretch:
        """Other ids over the same tape: what this stretch has of them is referred to, what it has not is appended."""
        shared = common_prefix(ids, self.ids) if self.ids else 0
        runs = _slice_runs(self.runs, 0, shared)
        pen = _Pen(tape, self)
        if shared == len(self.ids) or shared == len(ids):
            return Stretch(ids, _joined(runs, pen.write(ids[shared:])), pen.room)
        where = {segment: at for at, segment in enumerate(self.ids[shared:], shared)}
        at = fresh = shared
        while at < len(ids):
            found = where.get(ids[at])
            if found is None:
                at += 1
                continue
            runs = _joined(runs, pen.write(ids[fresh:at]))
            size = common_prefix(ids[at:], self.ids[found:])
            runs = _joined(runs, _slice_runs(self.runs, found, found + size))
            at += size
            fresh = at
        return Stretch(ids, _joined(runs, pen.write(ids[fresh:])), pen.room)


class _Pen:
    """Writes what follows a stretch behind it: into the room kept for it, or at the tape's end.

    Threads that take turns would cut each other into as many runs as they have turns. A stretch that comes to the tape's end a second time
    and finds others there keeps as much room as it is long, so that its runs are as many as it has doubled.
    """

    def __init__(self, tape: array[int], before: Stretch) -> None:
        self._tape = tape
        self._length = len(before.ids)
        self.room = before.room

    def write(self, ids: Sequence[int]) -> Runs:
        """Write ids, and say where they stand."""
        if not ids:
            return ()
        at, end = self.room
        tape, stop = self._tape, at + len(ids)
        if stop <= end:
            tape[at:stop] = array("I", ids)
        elif at == len(tape):
            tape.extend(ids)
            end = stop
        else:
            at, stop = len(tape), len(tape) + len(ids)
            tape.extend(ids)
            if end:
                tape.extend(repeat(0, self._length))
            end = len(tape)
        self.room = stop, end
        return ((at, stop),)


def _slice_runs(runs: Runs, start: int, stop: int) -> Runs:
    out: list[tuple[int, int]] = []
    at = 0
    for run in runs:
        low, high = run
        size = high - low
        first, last = max(start, at), min(stop, at + size)
        if last - first == size:
            out.append(run)  # a thread's prompts share theirs
        elif first < last:
            out.append((low + first - at, low + last - at))
        at += size
    return tuple(out)


def _joined(left: Runs, right: Runs) -> Runs:
    out = list(left)
    for run in right:
        if out and out[-1][1] == run[0]:
            out[-1] = (out[-1][0], run[1])
        else:
            out.append(run)
    return tuple(out)
