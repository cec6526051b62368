"""The calls on a time line, in the Chrome trace format, which Perfetto reads: a process a thread, so that each has its own counters.

Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU and
https://perfetto.dev/docs/getting-started/other-formats. Times are microseconds. Of a thread without a clock the calls stand one after
another in the recorded order, and its process says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Final

from msgspec import Struct

from seamaudit import __version__
from seamaudit.facts import FactBase
from seamaudit.forensics.cost import Sums, Window, spoken
from seamaudit.forensics.cost.sums import paid, refused
from seamaudit.forensics.spelling import short
from seamaudit.layers.cost import Spend
from seamaudit.trace import Exchange, Kind, Source, to_usd

MICRO: Final = 10**6
SHORTEST: Final = 1
"""Microseconds of a call whose end is not recorded: a slice must have some to be seen."""
_RESULTS: Final = frozenset({Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT})

Event = dict[str, Any]


class _Slice(Struct, frozen=True):
    """One call on the line: its lane in its thread, and when it began and for how long, in microseconds."""

    exchange: Exchange
    spend: Spend
    number: int
    lane: int
    start: int
    duration: int
    ended: bool

    @property
    def end(self) -> int:
        return self.start + self.duration


def timeline(exchanges: Sequence[Exchange], facts: FactBase, sources: Sequence[Source], window: Window) -> Event:
    """The file's data, every string of it safe to print; calls outside the window are left out."""
    spent = {row.exchange: row for row in facts.rows(Spend) if window.holds(row.at)}
    threads: defaultdict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        if exchange.id in spent:
            threads[exchange.thread.id].append(exchange)
    began = min((each.times.started for calls in threads.values() for each in calls if each.times.started is not None), default=0.0)
    flows = count(1)
    events: list[Event] = []
    for pid, calls in enumerate(threads.values(), 1):
        slices = list(_slices(calls, spent, began))
        events += _labels(pid, slices)
        for each in slices:
            events.append(_slice(pid, each, sources))
        events += _counters(pid, slices)
        events += _arrows(pid, slices, flows)
    bill = Sums.over(spent.values()).usd
    return {
        "displayTimeUnit": "ms",
        "otherData": {"exporter": f"seamaudit {__version__}", "bill": spoken(bill, money=True), "began": began},
        "traceEvents": events,
    }


def _slices(calls: Sequence[Exchange], spent: dict[int, Spend], began: float) -> Iterator[_Slice]:
    """A thread's calls. One that begins before another has ended gets a lane of its own, since slices of a lane may not overlap."""
    clocked, at = _clocked(calls), 0
    lanes: list[int] = []
    for number, call in enumerate(calls, 1):
        took = _took(call)
        duration = SHORTEST if took is None else max(SHORTEST, round(took * MICRO))
        start = round(((call.times.started or 0.0) - began) * MICRO) if clocked else at
        lane = next((lane for lane, free in enumerate(lanes) if free <= start), len(lanes))
        lanes[lane : lane + 1] = [start + duration]
        at += max(duration, MICRO)
        yield _Slice(call, spent[call.id], number, lane, start, duration, took is not None)


def _clocked(calls: Iterable[Exchange]) -> bool:
    return all(call.times.started is not None for call in calls)


def _took(call: Exchange) -> float | None:
    """Seconds a call took, None where its end is not recorded: one that ends as it begins has none."""
    times = call.times
    if times.duration is not None:
        return times.duration
    if times.started is None or times.ended is None or times.ended <= times.started:
        return None
    return times.ended - times.started


def _labels(pid: int, slices: Sequence[_Slice]) -> Iterator[Event]:
    call = slices[0].exchange
    clocked = _clocked(each.exchange for each in slices)
    labels = [short(call.attribution.app), "" if clocked else "no clock: calls one after another, in the recorded order"]
    yield _metadata("process_name", pid, name=short(call.thread.id))
    yield _metadata("process_labels", pid, labels=", ".join(filter(None, labels)))
    yield _metadata("process_sort_index", pid, sort_index=pid)
    for lane in sorted({each.lane for each in slices}):
        yield _metadata("thread_name", pid, lane + 1, name="calls" if not lane else f"calls at the same time ({lane + 1})")


def _metadata(kind: str, pid: int, tid: int = 0, **args: Any) -> Event:
    return {"ph": "M", "cat": "__metadata", "name": kind, "pid": pid, "tid": tid, "ts": 0, "args": args}


def _slice(pid: int, each: _Slice, sources: Sequence[Source]) -> Event:
    call, spend = each.exchange, each.spend
    usd = paid(spend)
    told = {
        "call": each.number,
        "place": f"{short(sources[call.locus.source].path)}:{call.locus.line}",
        "usd": None if usd is None else to_usd(usd),
        "input_tokens": spend.input,
        "cache_read_tokens": spend.cache_read,
        "cache_write_tokens": spend.cache_write,
        "output_tokens": spend.output,
        "stop": short(call.response.stop) if call.response else "",
        "side": spend.side,
        "refused": refused(spend),
    }
    missing = {"usd": "not known"} if usd is None and not refused(spend) else {}
    args = {name: value for name, value in told.items() if value not in (None, "", False)} | missing
    return {
        "ph": "X",
        "name": short(spend.model) or "no model",
        "cat": "call",
        "pid": pid,
        "tid": each.lane + 1,
        "ts": each.start,
        "dur": each.duration,
        "args": args | ({} if each.ended else {"duration": "not recorded"}),
    }


def _counters(pid: int, slices: Iterable[_Slice]) -> Iterator[Event]:
    """What the thread had cost after each call, and the tokens of each prompt. What is not known is no sample."""
    spent = 0
    for each in sorted(slices, key=lambda each: each.end):
        usd = paid(each.spend)
        if usd is not None:
            spent += usd
            yield _counter(pid, "cumulative USD", each.end, {"USD": to_usd(spent)})
        if each.spend.input is not None:
            yield _counter(pid, "context", each.start, {"tokens": each.spend.input})


def _counter(pid: int, name: str, at: int, args: dict[str, float]) -> Event:
    return {"ph": "C", "cat": "sum", "name": name, "pid": pid, "tid": 0, "ts": at, "args": args}


def _arrows(pid: int, slices: Sequence[_Slice], flows: Iterator[int]) -> Iterator[Event]:
    """An arrow from each call of a tool to the request that first brought its result."""
    made: dict[str, tuple[_Slice, str]] = {}
    for each in slices:
        for segment in _new(each.exchange):
            found = made.pop(segment.call_id, None) if segment.kind in _RESULTS and segment.call_id else None
            if found:
                before, tool = found
                flow = {"cat": "tool", "name": short(tool) or "a tool", "id": next(flows), "pid": pid}
                yield {**flow, "ph": "s", "tid": before.lane + 1, "ts": max(before.start, min(before.end - 1, each.start))}
                yield {**flow, "ph": "f", "bp": "e", "tid": each.lane + 1, "ts": each.start}
        response = each.exchange.response
        made.update((call.id, (each, call.name)) for call in (response.calls if response else ()) if call.id)


def _new(exchange: Exchange) -> Iterable[Any]:
    """What a prompt adds to the turn before."""
    return exchange.request.prefix.segments(exchange.previous.shared if exchange.previous else 0)
