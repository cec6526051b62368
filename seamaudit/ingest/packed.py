"""Values on their way from one process to another: pickled, their prompts as ranges of a tape of which only what they need goes along.

What is packed is only ever unpacked from a process of the same run.
"""

from __future__ import annotations

import io
import pickle
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields

from seamaudit.ingest.intern import Interner
from seamaudit.trace import Locus, Prefix, Segment, Tape
from seamaudit.trace.prefix import Runs

_PROTOCOL: Final = 5
_Reduced = tuple[Callable[..., Any], tuple[Any, ...]]

_told = attrgetter(*(each.name for each in fields(Segment) if each.name != "id"))
_key = attrgetter("ordered", "array", "path", "starts", "call_id")


Log = Sequence[tuple[str, Prefix]]
"""Prompts in the order in which they were read, and the base of each."""


def pack(value: Any, intern: Interner, log: Log | None = None) -> bytes:
    """A value with the prompts in it: what these hold goes along, with its texts.

    With a `log`, of all that `intern` ever made, everything that it ever met goes along in its order, so that another one can do as if it
    had met it itself.
    """
    packer = _Packer()
    body = packer.packed((None if log is None else [prefix for _, prefix in log], value))
    tape = intern.tape
    turns, heads = _Stretches.of(packer.turns), _Stretches.of(packer.heads)
    ids, head_ids = turns.cut(tape.ids), heads.cut(tape.heads)
    used = range(len(tape.segments)) if log is not None else sorted({*ids, *head_ids})
    segments = [tape.segments[each] for each in used]
    rows = list(zip(used, map(_key, segments), map(_told, segments), map(intern.texts.get, used), strict=True))
    bases = None if log is None else [base for base, _ in log]
    return _Packer().packed((rows, (turns, ids), (heads, head_ids), bases, body))


def unpack(data: bytes, intern: Interner, *, lines: int = 0) -> Any:
    """The value, its prompts on the tape of `intern`, which learns what it does not know yet; `lines` is added to the lines of all loci.

    What was packed with its log is compressed again, against what `intern` has read before.
    """
    locus = Locus if not lines else lambda source, line, *rest: Locus(source, line + lines, *rest)
    rows, (turns, ids), (heads, head_ids), bases, body = _Unpickler(data, {"_locus": locus}).load()
    learned = {old: intern.learn(key, told, text) for old, key, told, text in rows}
    tape = intern.tape if bases is None else Tape()
    now, now_heads = _Moved.onto(tape.ids, turns, ids, learned), _Moved.onto(tape.heads, heads, head_ids, learned)
    coming = None if bases is None else iter(bases)

    def prefix(runs: Runs, length: int, head: Runs) -> Prefix:
        told = Prefix(tape, now.of(runs), length, now_heads.of(head))
        return told if coming is None else intern.prefix(told.ids(), next(coming))

    _, value = _Unpickler(body, {"_locus": locus, "_prefix": prefix}).load()
    return value


class _Stretches(Struct, frozen=True):
    """Parts of a tape, apart and in order: where each begins and ends there, and where it begins when they are put together."""

    starts: list[int]
    stops: list[int]
    begins: list[int]

    @classmethod
    def of(cls, runs: Iterable[tuple[int, int]]) -> _Stretches:
        """The parts that some runs cover together."""
        out = cls([], [], [])
        for start, stop in sorted(runs):
            if out.stops and start <= out.stops[-1]:
                out.stops[-1] = max(out.stops[-1], stop)
                continue
            out.begins.append(out.begins[-1] + out.stops[-1] - out.starts[-1] if out.starts else 0)
            out.starts.append(start)
            out.stops.append(stop)
        return out

    def cut(self, ids: Sequence[int]) -> array[int]:
        """What stands there, put together."""
        out = array("I")
        for start, stop in zip(self.starts, self.stops, strict=True):
            out.extend(ids[start:stop])
        return out


class _Moved(Struct, frozen=True):
    """Where parts of one tape stand on another."""

    parts: _Stretches
    base: int
    known: dict[tuple[int, int], tuple[int, int]]

    @classmethod
    def onto(cls, tape: array[int], parts: _Stretches, ids: Iterable[int], learned: dict[int, int]) -> _Moved:
        """Put some parts at the end of a tape."""
        base = len(tape)
        tape.extend(map(learned.__getitem__, ids))
        return cls(parts, base, {})

    def of(self, runs: Runs) -> Runs:
        """The same runs, where they stand now."""
        return tuple(map(self._run, runs))

    def _run(self, run: tuple[int, int]) -> tuple[int, int]:
        moved = self.known.get(run)
        if moved is None:  # a thread's prompts repeat its earlier ones
            at = bisect_right(self.parts.starts, run[0]) - 1
            by = self.base + self.parts.begins[at] - self.parts.starts[at]
            moved = self.known[run] = run[0] + by, run[1] + by
        return moved


class _Packer:
    """Pickles, and notes the runs of the prompts it meets."""

    def __init__(self) -> None:
        self.turns: set[tuple[int, int]] = set()
        self.heads: set[tuple[int, int]] = set()
        self._reducers: dict[type, Callable[[Any], _Reduced]] = {
            Prefix: self._prefix,
            Locus: _locus_reduced,
            MappingProxyType: _proxied,
        }

    def packed(self, value: Any) -> bytes:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, _PROTOCOL)
        pickler.dispatch_table = self._reducers
        pickler.dump(value)
        return out.getvalue()

    def _prefix(self, prefix: Prefix) -> _Reduced:
        self.turns.update(prefix.runs)
        self.heads.update(prefix.head)
        return _prefix, (prefix.runs, prefix.length, prefix.head)


class _Unpickler(pickle.Unpickler):
    """Unpickles, with some of the names of this module standing for what is made here and now."""

    def __init__(self, data: bytes, made: dict[str, Callable[..., Any]]) -> None:
        super().__init__(io.BytesIO(data))
        self._made = made

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name in self._made:
            return self._made[name]
        return super().find_class(module, name)


def _locus_reduced(locus: Locus) -> _Reduced:
    return _locus, (locus.source, locus.line, locus.offset, locus.length, locus.pointer)


def _proxied(mapping: MappingProxyType[Any, Any]) -> _Reduced:
    return _proxy, (dict(mapping),)


def _proxy(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _locus() -> None:
    """Stands for Locus in what is packed."""


def _prefix() -> None:
    """Stands for Prefix in what is packed."""
