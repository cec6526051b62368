"""A walk as lines of text, for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from seamaudit.catalog.message import dollars
from seamaudit.evidence import printable
from seamaudit.forensics.walk import Boundary, Choice, Opened, Position, Step, Walk
from seamaudit.layers.stream import Terminal

BAR = 10
LETTERS = 12
"""Letters of a stream's life that are shown."""
HEAD = f"{'turn':>7}  {'time':>9}  {'cache':<{BAR}}  {'input':>8} {'output':>7}  {'so far':>9}  {'stream':<{LETTERS}}  what"
WHAT = HEAD.index("what")
BREAK = "         ! "
_CUT = frozenset({Terminal.TRUNCATED, Terminal.CUT_AFTER_STOP, Terminal.EMPTY})
_SEEN = 8
"""Names that are listed before the rest is counted."""


def page(walked: Walk, chosen: Choice, prices: str, width: int) -> Iterator[str]:
    """The whole walk: a head, a line a call, a line a seam that broke there; `prices` names the price table."""
    steps = walked.steps
    cost = "cost unknown" if walked.usd is None else dollars(walked.usd)
    models = ", ".join(dict.fromkeys(printable(step.model) for step in steps if step.model))
    yield f"Thread {printable(walked.thread)}: {_count(len(steps), 'call')} to {models or walked.provider}, {cost}{_span(steps)}."
    if not chosen.named and chosen.threads > 1:
        yield f"It is the one of {chosen.threads:,} threads whose findings weigh most; --list shows all, --thread ID another."
    yield ""
    yield HEAD
    before: Step | None = None
    told: set[str] = set()
    for step in steps:
        yield from _step(step, before, width, told)
        before = step
    yield ""
    yield f"Prices: {prices}. Times are in UTC."


def request_page(walked: Walk, turn: int, request: Opened, width: int, masked: bool) -> Iterator[str]:
    """One call opened: its line, its prompt position by position, its answer."""
    step = walked.steps[turn - 1]
    yield f"Thread {printable(walked.thread)}, call {turn} of {len(walked.steps)}, line {step.locus.line}."
    yield ""
    yield HEAD
    yield from _step(step, walked.steps[turn - 2] if turn > 1 else None, width, set())
    yield ""
    yield from (f"  {printable(name)}: {printable(value)}" for name, value in request.params.items())
    yield "Prompt (= sent before at this place, + new; | a cache marker):"
    for position in request.positions:
        yield _position(position, width)
    yield "Answer:" if request.blocks else "No answer is recorded." if not step.refused else f"Refused: {printable(step.refused)}."
    for block in request.blocks:
        yield f"    {block.kind.value}{f' {printable(block.name)}' if block.name else ''}, {block.bytes:,} bytes"
    if request.usage:
        yield "Usage: " + ", ".join(f"{printable(name)} {count:,}" for name, count in request.usage.items())
    if masked:
        yield "Text is masked; --show-content quotes it, credentials left out."


def _step(step: Step, before: Step | None, width: int, told: set[str]) -> Iterator[str]:
    """A call's line, and a line for each seam that broke there; what a seam is, is `told` once."""
    tried = f" {step.attempt[0]}/{step.attempt[1]}" if step.attempt[1] > 1 else ""
    spent = "?" if step.spent is None else dollars(step.spent)
    cells = (
        f"{f'{step.number}{tried}':>7}",
        f"{_time(step, before):>9}",
        f"{_bar(step):<{BAR}}",
        f"{_tokens(_input(step)):>8} {_tokens(step.output):>7}",
        f"{spent:>9}",
        f"{_stream(step):<{LETTERS}}",
    )
    start = "  ".join(cells) + "  "
    again = sorted({found.code for found in step.boundaries if found.code in told and not _cost(found)})
    yield from _folded(start, " " * WHAT, _what(step, before) + (f" ! {', '.join(again)}" if again else ""), width)
    for found in step.boundaries:
        if found.code not in again:
            sentence = "" if found.code in told else f". {_explained(found)}"
            yield from _folded(BREAK, " " * len(BREAK), f"{found.code} {found.name}{_cost(found)}{sentence}", width)
    told.update(found.code for found in step.boundaries)


def _what(step: Step, before: Step | None) -> str:
    """What came in, and what went out."""
    notes = [note for note in (step.side, step.intended) if note]
    if before is not None and step.model != before.model and step.model:
        notes.append(f"model {printable(step.model)}")
    head = f"[{', '.join(notes)}] " if notes else ""
    came = "the same again" if step.repeats else _names(step.brought) or "nothing new"
    if step.failed:
        came += f" ({_count(step.failed, 'error')})"
    return f"{head}{came} > {_went(step)}"


def _went(step: Step) -> str:
    if step.refused:
        return printable(step.refused)
    said = ["text"] if step.said else []
    calls = [f"calls {_names(step.made)}"] if step.made else []
    stop = f" ({printable(step.stop)})" if step.stop else " (no stop reason)" if step.terminal else ""
    return (", ".join([*said, *calls]) or "nothing") + stop


def _names(names: Sequence[str]) -> str:
    """Names in order, equal neighbours counted."""
    runs = [(printable(name), len(list(same))) for name, same in groupby(names)]
    told = [f"{name} x{count}" if count > 1 else name for name, count in runs]
    return ", ".join(told[:_SEEN]) + (f" and {len(told) - _SEEN} more" if len(told) > _SEEN else "")


def _cost(found: Boundary) -> str:
    """What the seam cost at this call, "" where it claims nothing."""
    waste = found.waste
    parts = (f"{waste.tokens:,} tokens" if waste.tokens else "", dollars(waste.usd) if waste.usd else "")
    return f": {', '.join(part for part in parts if part)}" if any(parts) else ""


def _explained(found: Boundary) -> str:
    """What the seam is, said where it breaks first."""
    return f"{found.upstream} gives: {found.guarantees}; {found.downstream} assumes: {found.assumes}."


def _bar(step: Step) -> str:
    """The prompt in ten parts. What is more than nothing gets a part."""
    parts = [("█", step.read or 0), ("▒", step.written or 0), ("·", step.plain or 0)]
    total = sum(count for _, count in parts)
    if total <= 0 or min(count for _, count in parts) < 0:
        return "?" if step.plain is None else ""
    wide = [(sign, max(1, BAR * count // total)) for sign, count in parts if count]
    left = BAR - sum(size for _, size in wide)
    most = max(range(len(wide)), key=lambda at: wide[at][1])
    return "".join(sign * (size + (left if at == most else 0)) for at, (sign, size) in enumerate(wide))


def _stream(step: Step) -> str:
    if step.terminal is None:
        return "-"
    letters = step.history + ("!" if step.terminal in _CUT else "")
    return letters if len(letters) <= LETTERS else f"{letters[: LETTERS - 4]}..{letters[-2:]}"


def _time(step: Step, before: Step | None) -> str:
    if step.at is None:
        return "?"
    if before is None or before.at is None:
        return datetime.fromtimestamp(step.at, UTC).strftime("%H:%M:%S")
    return _gap(step.at - before.at)


def _gap(seconds: float) -> str:
    sign, left = ("-" if seconds < 0 else "+"), abs(seconds)
    if left < 60:
        return f"{sign}{left:.0f}s"
    if left < 3600:
        return f"{sign}{left / 60:.0f}m"
    return f"{sign}{left / 3600:.1f}h" if left < 86400 * 2 else f"{sign}{left / 86400:.0f}d"


def _span(steps: Sequence[Step]) -> str:
    times = [step.at for step in steps if step.at is not None]
    if not times:
        return ", without times"
    began = datetime.fromtimestamp(min(times), UTC).strftime("%Y-%m-%d %H:%M")
    return f", {began}, {_gap(max(times) - min(times)).lstrip('+')} from first to last"


def _input(step: Step) -> int | None:
    return None if step.plain is None else (step.read or 0) + (step.written or 0) + step.plain


def _tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _position(position: Position, width: int) -> str:
    told = f"{position.zone.value}/{position.kind.value}"
    who = " ".join(part for part in (printable(position.role), printable(position.name)) if part)
    marker = f"|{printable(position.ttl)}" if position.ttl else ""
    start = f"  {'=' if position.known else '+'}{position.number:>4} {told:<26} {who:<22} {position.bytes:>9,} B {marker:<4} "
    text = "(no longer held)" if position.excerpt is None else position.excerpt
    return (start + text)[:width].rstrip()


def _folded(start: str, follow: str, text: str, width: int) -> Iterator[str]:
    room = max(24, width - len(start))
    for at, part in enumerate(textwrap.wrap(text, room, break_on_hyphens=False) or [""]):
        yield ((follow if at else start) + part).rstrip()


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
