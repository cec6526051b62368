"""Elision: what a line repeats of an earlier line of its thread is found by comparing bytes, and not decoded again.

An agent sends its transcript with every turn, so most bytes of a line stand in an earlier one. A stretch of whole elements that both
have is taken out and a sentinel string put in its place; the rest is decoded, and only if the sentinel comes back as an element of the
array are the stretch's elements taken to stand there. That is exact: a decoder that read the sentinel as an element began one there;
the stretch is whole elements and what stands between them, read as such before; and no text can hold the sentinel, which is drawn at
random. Where it does not come back, and where nothing is repeated, the whole line is decoded.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct, field

from seamaudit.ingest.rawarray import Array, opening

LEAST: Final = 2048
"""Bytes a stretch must have to be worth a sentinel."""
_PROBE: Final = 64
"""Bytes by which a place is recognised before it is compared in full."""
_NEAR: Final = 4
"""Elements after the first difference that are looked for behind it."""
_BRANCHES: Final = 8
"""Lines of one conversation that are held, for its branches."""
_THREADS: Final = 4096
"""Conversations that are held."""
_IDLE: Final = 1024
"""Lines of other conversations after which one is taken to have ended."""
_LEARN: Final = 16
"""Lines of one conversation after which it must have paid."""
_HEAD: Final = 512
"""Bytes of a line in which its conversation is looked for."""
_OPENING: Final = 128
"""Bytes of an array that name a conversation without an id."""
_SENTINEL: Final = 34
"""Bytes of a sentinel: a string of 32 hexadecimal digits."""

_CONVERSATION: Final = re.compile(rb'"(?:conversation|session|thread|trace)(?:_id)?"\s*:\s*"([^"\\]{1,200})"')


class _Run(Struct, frozen=True):
    """Elements `low` to `high` of an earlier array, which begin at `at` in the line."""

    low: int
    high: int
    at: int


class Short(Struct, frozen=True):
    """A line without what it repeats: `data` is what is left to decode, `key` the array that is cut, `gain` the bytes left out."""

    data: bytes
    key: str
    gain: int
    _line: bytes
    _start: int
    _earlier: Array
    _runs: dict[bytes, _Run]

    def restored(self, raws: Sequence[Any]) -> Array | None:
        """The whole array from the elements that were decoded; None where a sentinel is not among them, each in its place."""
        left, earlier, gap = dict(self._runs), self._earlier, self._earlier.gap
        ends: list[int] = []
        fresh: list[int] = []
        made: dict[bytes, list[Any]] = {name: [] for name in earlier.made}
        for raw in map(bytes, raws):
            begin = ends[-1] + gap if ends else 0
            run = left.pop(raw, None) if len(raw) == _SENTINEL else None
            if run is None:
                if not self._line.startswith(raw, self._start + begin):
                    return None
                fresh.append(len(ends))
                ends.append(begin + len(raw))
                for known in made.values():
                    known.append(None)
                continue
            if run.at != self._start + begin:
                return None
            fresh += range(len(ends), len(ends) + earlier.unmade - run.low)
            shift = begin - earlier.begin(run.low)
            stretch = earlier.ends[run.low : run.high]
            ends += [end + shift for end in stretch] if shift else stretch
            for name, known in made.items():
                known += earlier.made[name][run.low : run.high]
        return None if left else Array(self._line, self._start, ends, gap, made, fresh)

    def supersedes(self, array: Array) -> bool:
        """Whether an earlier array is of no more use beside this line's: all of it, but for a last element, is repeated here."""
        return array is self._earlier and any(run.low == 0 and run.high >= len(array) - 1 for run in self._runs.values())


class _Thread(Struct):
    """One conversation: its last lines' arrays, the newest first, what they gained, and which line of all was its latest."""

    arrays: list[Array] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    elided: int = 0
    latest: int = 0

    @property
    def pays(self) -> bool:
        """Whether lines repeated at least half of their bytes, as far as is known."""
        return self.lines < _LEARN or 2 * self.elided >= self.bytes

    @property
    def weight(self) -> int:
        """The bytes that are held for it."""
        return sum(array.weight for array in self.arrays)


class Elider:
    """Holds the last lines of conversations within a budget of bytes, and takes out of new ones what they repeat: stretches of at least
    `least` bytes."""

    def __init__(self, budget: int = 64 << 20, least: int = LEAST) -> None:
        self._budget = budget
        self._least = least
        self.held = 0
        self._lines = 0
        self._threads: OrderedDict[bytes, _Thread] = OrderedDict()
        self._sentinels = [b'"%b"' % secrets.token_hex(16).encode() for _ in range(2)]

    def shortened(self, line: bytes) -> Short | None:
        """The line without what it repeats, None where that is little."""
        place = opening(line)
        thread = self._threads.get(_name(line, place[1])) if place else None
        if place is None or thread is None or not thread.pays:
            return None
        key, start = place
        for earlier in thread.arrays:
            runs = _runs(line, start, earlier, self._least)
            if runs:
                return self._short(line, key, start, earlier, runs)
        return None

    def hold(self, line: bytes, array: Array, short: Short | None = None) -> None:
        """Hold a line's array as the newest of its conversation; `short` is what it was restored from."""
        name = _name(line, array.start)
        thread = self._threads.setdefault(name, _Thread())
        self._threads.move_to_end(name)
        self.held -= thread.weight
        thread.lines, thread.bytes = thread.lines + 1, thread.bytes + len(line)
        thread.elided += short.gain if short else 0
        kept = [each for each in thread.arrays[: _BRANCHES - 1] if short is None or not short.supersedes(each)]
        thread.arrays = [array, *kept] if thread.pays else []
        self.held += thread.weight
        self._lines += 1
        thread.latest = self._lines
        while self._threads and (self.held > self._budget or len(self._threads) > _THREADS or self._oldest_is_idle()):
            _, gone = self._threads.popitem(last=False)
            self.held -= gone.weight

    def forget(self) -> None:
        """Let all lines go: nothing more is read."""
        self._threads.clear()
        self.held = 0

    def _oldest_is_idle(self) -> bool:
        return self._lines - next(iter(self._threads.values())).latest > _IDLE

    def _short(self, line: bytes, key: str, start: int, earlier: Array, runs: Sequence[_Run]) -> Short:
        parts: list[bytes] = []
        at = gain = 0
        for run, sentinel in zip(runs, self._sentinels, strict=False):
            parts += (line[at : run.at], sentinel)
            at = run.at + earlier.ends[run.high - 1] - earlier.begin(run.low)
            gain += at - run.at
        return Short(b"".join((*parts, line[at:])), key, gain, line, start, earlier, dict(zip(self._sentinels, runs, strict=False)))


def _name(line: bytes, start: int) -> bytes:
    """What tells conversations apart: the id, where one stands in the line's head, else how the array begins."""
    found = _CONVERSATION.search(line, 0, min(_HEAD, start))
    return found[1] if found else line[start : start + _OPENING]


def _runs(line: bytes, start: int, earlier: Array, least: int) -> list[_Run]:
    """What of an earlier array stands in the line: what both begin with, and what follows the first difference."""
    same = _reach(line, start, earlier, 0)
    runs = [_Run(0, same, start)] if same and earlier.ends[same - 1] >= least else []
    after = start + earlier.begin(same) if same < len(earlier) else len(line)
    for low in range(same + 1, min(same + 1 + _NEAR, len(earlier))):
        at = line.find(earlier.cut(earlier.begin(low), earlier.ends[low])[:_PROBE], after)
        high = _reach(line, at, earlier, low) if at >= 0 else low
        if high > low and earlier.ends[high - 1] - earlier.begin(low) >= least:
            runs.append(_Run(low, high, at))
            break
    return runs


def _reach(line: bytes, at: int, earlier: Array, low: int) -> int:
    """The end of the longest stretch of an earlier array from element `low` on that stands at a place: often all but the last, whose
    marker has moved."""
    origin, end = earlier.begin(low), len(earlier)
    known, wrong = low, end + 1
    guess = max(low + 1, end - 1)
    while known + 1 < wrong:
        compared = earlier.ends[known - 1] if known > low else origin
        if line.startswith(earlier.cut(compared, earlier.ends[guess - 1]), at + compared - origin):
            known = guess
        else:
            wrong = guess
        guess = known + 1 if known + 2 >= wrong or known == end - 1 else (known + wrong) // 2
    return known
