"""The steps of a walk: one a call, joined from the call itself, the facts about it and the findings that show there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from seamaudit.facts import FactBase
from seamaudit.findings import Finding, Severity, Waste
from seamaudit.layers.attempts import IntentTry
from seamaudit.layers.cost import Spend
from seamaudit.layers.stream import StreamLife, Terminal
from seamaudit.trace import Exchange, Kind, Locus, Money, Segment

_CALLS = frozenset({Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL})
_RESULTS = frozenset({Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT})
_MODEL = frozenset({"assistant", "model"})


class Boundary(Struct, frozen=True):
    """What one layer assumed and another changed, at one step: a finding that shows there, and what it claims of this call."""

    code: str
    name: str
    severity: Severity
    upstream: str
    downstream: str
    guarantees: str
    assumes: str
    waste: Waste


class Step(Struct, frozen=True):
    """One call. Tokens are None where unknown; `read`, `written` and `plain` sum to the input.

    `brought` names what the prompt adds to the turn before, in order: people's messages as `user`, results by their tool; `failed` how
    many results are errors. `made` are the tools called, `said` whether text was answered. `attempt` is the try of how many, (1, 1) for
    a call that was made once.
    """

    number: int
    exchange: int
    locus: Locus
    at: float | None
    model: str
    side: str
    intended: str
    read: int | None
    written: int | None
    plain: int | None
    output: int | None
    usd: Money | None
    spent: Money | None
    history: str
    terminal: Terminal | None
    stop: str
    refused: str
    brought: tuple[str, ...]
    failed: int
    repeats: bool
    made: tuple[str, ...]
    said: bool
    attempt: tuple[int, int]
    boundaries: tuple[Boundary, ...]


class Walk(Struct, frozen=True):
    """A thread's steps in order."""

    thread: str
    conversation: str
    provider: str
    steps: tuple[Step, ...]

    @property
    def usd(self) -> Money | None:
        """What all of it cost, as far as prices are known; None where none is."""
        return next((step.spent for step in reversed(self.steps) if step.spent is not None), None)


def walk(exchanges: Sequence[Exchange], facts: FactBase, findings: Iterable[Finding]) -> Walk:
    """The steps of one thread's exchanges, which come in their order."""
    ids = {exchange.id for exchange in exchanges}
    spends = {row.exchange: row for row in facts.rows(Spend) if row.exchange in ids}
    streams = {row.exchange: row for row in facts.rows(StreamLife) if row.exchange in ids}
    tries = {row.exchange: (row.number, row.tries) for row in facts.rows(IntentTry) if row.exchange in ids}
    shown = _boundaries(findings, ids)
    tools: dict[str, str] = {}
    steps = []
    for number, exchange in enumerate(exchanges, 1):
        new = _new(exchange)
        tools.update(_called(exchange, new))
        steps.append(_step(number, exchange, new, tools, spends[exchange.id], streams.get(exchange.id), tries, shown))
    first = exchanges[0]
    return Walk(first.thread.id, first.thread.conversation, first.provider, tuple(steps))


def _step(
    number: int,
    exchange: Exchange,
    new: Sequence[Segment],
    tools: Mapping[str, str],
    spend: Spend,
    stream: StreamLife | None,
    tries: Mapping[int, tuple[int, int]],
    shown: Mapping[int, list[Boundary]],
) -> Step:
    response, usage = exchange.response, exchange.usage
    calls = response.calls if response else ()
    return Step(
        number=number,
        exchange=exchange.id,
        locus=exchange.locus,
        at=exchange.times.started if exchange.times.started is not None else exchange.times.dated,
        model=(response.model if response else "") or exchange.request.model,
        side=exchange.side,
        intended=exchange.intended,
        read=usage.cache_read if usage else None,
        written=usage.cache_write if usage else None,
        plain=usage.plain if usage else None,
        output=spend.output,
        usd=spend.usd,
        spent=spend.cumulative_usd,
        history=stream.history if stream else "",
        terminal=stream.terminal if stream else None,
        stop=response.stop if response else "",
        refused=_refusal(exchange),
        brought=tuple(_brought(new, tools)),
        failed=sum(segment.failed for segment in new if segment.kind in _RESULTS),
        repeats=not new and exchange.previous is not None,
        made=tuple(call.name for call in calls),
        said=any(block.kind is Kind.TEXT and block.length for block in response.answers) if response else False,
        attempt=tries.get(exchange.id, (1, 1)),
        boundaries=tuple(shown.get(exchange.id, ())),
    )


def _new(exchange: Exchange) -> list[Segment]:
    """What a prompt adds to the turn before; of a prompt without one, all of it."""
    start = exchange.previous.shared if exchange.previous else 0
    return list(exchange.request.prefix.segments(start))


def _called(exchange: Exchange, new: Iterable[Segment]) -> Iterable[tuple[str, str]]:
    """The names of calls by id, from the prompt and the answer."""
    yield from ((segment.call_id, segment.name) for segment in new if segment.kind in _CALLS and segment.call_id)
    yield from ((call.id, call.name) for call in (exchange.response.calls if exchange.response else ()) if call.id)


def _brought(new: Iterable[Segment], tools: Mapping[str, str]) -> Iterable[str]:
    """What came in, consecutive messages of a person as one."""
    last = ""
    for segment in new:
        if segment.kind in _RESULTS:
            last = ""
            yield tools.get(segment.call_id, "") or segment.name or "a tool"
        elif segment.zone == "messages" and segment.role not in _MODEL and segment.kind not in _CALLS:
            if segment.role != last:
                yield segment.role
            last = segment.role


def _refusal(exchange: Exchange) -> str:
    """The status and code of a refusal, "" for a call that was answered."""
    response = exchange.response
    if response is None:
        return "no answer recorded"
    if response.status is not None and response.status >= 400:
        return f"{response.status} {response.error_type}".strip()
    return response.error_type


def _boundaries(findings: Iterable[Finding], ids: set[int]) -> dict[int, list[Boundary]]:
    """What shows at each call, the most severe first."""
    out: defaultdict[int, list[Boundary]] = defaultdict(list)
    for finding in sorted(findings, key=lambda each: (-each.severity.rank, each.code)):
        seam = finding.seam
        for case in finding.cases:
            if case.exchange in ids:
                found = Boundary(
                    finding.code,
                    finding.name,
                    finding.severity,
                    seam.upstream,
                    seam.downstream,
                    seam.guarantees,
                    seam.assumes,
                    case.waste,
                )
                if found not in out[case.exchange]:
                    out[case.exchange].append(found)
    return dict(out)
