"""The refusals layer: requests that a provider would not take, and answers that ended because the window was full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.providers.refusals import FAMILIES, RefusalFamily, RefusalKind
from seamaudit.trace import Exchange, Kind, Level, Locus, Need, Prefix, Refusal, Response, Segment, Zone
from seamaudit.trace.growth import Growth, position_of

WINDOW_STOPS: Final = frozenset({"model_context_window_exceeded", "model_length"})
"""Stop words of an answer that the window cut short: Anthropic's and Bedrock's, and Mistral's."""


_HELD: Final = frozenset({RefusalFamily.ORDER, RefusalFamily.NAMES, RefusalFamily.REASONING})
"""Complaints about what a body holds, of which no other layer tells the place."""


class Overrun(StrEnum):
    """What became of a call that did not fit into the window."""

    REFUSED = "refused"
    CUT = "cut short"


class Seen(StrEnum):
    """How much of a complaint the recorded request shows: the very place, that the request holds it somewhere, or nothing."""

    PLACE = "place"
    REQUEST = "request"
    NOTHING = "nothing"


@fact("refusals", needs=(Need.RESPONSE,))
class Refused(Fact, frozen=True, kw_only=True):
    """A request that was refused for what it holds, as far as the provider's words are understood. Its locus is the place they name;
    `witness` is the request that first sent what stands there."""

    provider: Annotated[str, "Who refused."]
    api: Annotated[str, "The body shape."]
    model: Annotated[str, "The model asked for."]
    kind: Annotated[RefusalKind, "What the provider found wrong."]
    family: Annotated[RefusalFamily, "What the refusal is about."]
    status: Annotated[int | None, "The HTTP status."]
    call_ids: Annotated[str, "The ids the provider names, parted by blanks."]
    seen: Annotated[Seen, "How much of the complaint the recorded request shows."]


@fact("windows_exceeded", needs=(Need.RESPONSE,))
class WindowExceeded(Fact, frozen=True, kw_only=True):
    """A call that did not fit into the model's window. Its locus is the largest block; `witness` the request that first sent that block."""

    provider: Annotated[str, "Who answered."]
    model: Annotated[str, "The model asked for."]
    outcome: Annotated[Overrun, "Whether the request was refused or the answer cut short."]
    largest: Annotated[Kind | None, "What the largest block of the prompt is; unknown where the prompt is not recorded."]
    largest_tool: Annotated[str, "The tool that it defines, calls or comes from, as far as a name is recorded."]
    largest_bytes: Annotated[int | None, "Its bytes."]
    prompt_bytes: Annotated[int | None, "The bytes of the whole prompt."]
    tokens: Annotated[int | None, "Tokens that were sent, or sent and answered; unknown where the provider does not count them."]
    limit: Annotated[int | None, "The window in tokens as the provider gives it; unknown where it does not."]


class Refusals:
    """Tells each refused request and each answer cut short by the window."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._growth = Growth()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """At most one fact."""
        self._growth.advance(exchange)
        response = exchange.response
        if response is None:
            return
        if response.refusal is not None:
            yield from _refused(exchange, response, response.refusal, self._growth)
        elif response.stop in WINDOW_STOPS and not exchange.refused:
            yield _exceeded(exchange, self._growth, Overrun.CUT, *_used(response))

    def close(self) -> Iterable[Fact]:
        """Nothing is left for the end."""
        return ()


def _refused(exchange: Exchange, response: Response, refusal: Refusal, growth: Growth) -> Iterator[Fact]:
    kind = RefusalKind(refusal.kind)
    if kind is RefusalKind.WINDOW_EXCEEDED:
        yield _exceeded(exchange, growth, Overrun.REFUSED, refusal.tokens, refusal.limit)
        return
    place = _named(exchange, refusal, kind) if _is_as_sent(exchange) else None
    held = _is_as_sent(exchange) and FAMILIES[kind] in _HELD and kind is not RefusalKind.DUPLICATE_TOOL_NAME
    yield Refused(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=place or exchange.locus,
        witness=_put_by(exchange, refusal.pointer, growth) if place else (),
        provider=exchange.provider,
        api=exchange.api,
        model=exchange.request.model,
        kind=kind,
        family=FAMILIES[kind],
        status=response.status,
        call_ids=" ".join(refusal.ids),
        seen=Seen.PLACE if place else Seen.REQUEST if held else Seen.NOTHING,
    )


def _is_as_sent(exchange: Exchange) -> bool:
    """Whether the recorded body is all that the provider refused."""
    return exchange.level is Level.WIRE and exchange.request.complete


def _named(exchange: Exchange, refusal: Refusal, kind: RefusalKind) -> Locus | None:
    """The place the provider names, None where it names none."""
    if kind is RefusalKind.DUPLICATE_TOOL_NAME:
        return _second_of_a_name(exchange)
    if refusal.pointer:
        return exchange.locus.at(exchange.request.at + refusal.pointer)
    return None


def _put_by(exchange: Exchange, pointer: str, growth: Growth) -> tuple[Locus, ...]:
    """The request that first sent what a pointer names, where that is an earlier one."""
    position = position_of(exchange, pointer)
    row = exchange.locus if position is None else growth.put_by(position)
    return () if row == exchange.locus else (row,)


def _second_of_a_name(exchange: Exchange) -> Locus | None:
    """The second tool definition of one name."""
    seen: set[str] = set()
    for position, segment in enumerate(exchange.request.prefix.segments()):
        if segment.zone is not Zone.TOOLS:
            break
        if segment.kind is Kind.TOOL_DEFINITION and segment.name in seen:
            return exchange.place(position)
        seen.add(segment.name)
    return None


def _tool_of(prefix: Prefix, block: Segment) -> str:
    """The name of a block's tool: a result may go by its call's id alone."""
    if block.name or not block.call_id:
        return block.name
    return next((each.name for each in prefix.segments() if each.call_id == block.call_id and each.name), "")


def _used(response: Response) -> tuple[int | None, int | None]:
    usage = response.usage
    if usage is None or usage.input is None or usage.output is None:
        return None, None
    return usage.input + usage.output, None


def _exceeded(exchange: Exchange, growth: Growth, outcome: Overrun, tokens: int | None, limit: int | None) -> WindowExceeded:
    prefix = exchange.request.prefix
    largest = max(enumerate(prefix.segments()), key=lambda each: each[1].length, default=None)
    position, block = largest if largest is not None else (0, None)
    row = growth.put_by(position)
    return WindowExceeded(
        exchange=exchange.id,
        thread=exchange.thread.id,
        app=exchange.attribution.app,
        locus=exchange.locus if block is None else exchange.place(position),
        witness=() if row == exchange.locus else (row,),
        provider=exchange.provider,
        model=exchange.request.model,
        outcome=outcome,
        largest=block.kind if block else None,
        largest_tool=_tool_of(prefix, block) if block else "",
        largest_bytes=block.length if block else None,
        prompt_bytes=prefix.size() if block else None,
        tokens=tokens,
        limit=limit,
    )
