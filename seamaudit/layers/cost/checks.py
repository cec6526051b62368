"""Usage that cannot be right: counted twice, in the wrong convention, or for another call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from seamaudit.layers.base import Unchecked
from seamaudit.layers.cost.facts import Check, UsageFault
from seamaudit.providers.contracts import enforces_output_cap
from seamaudit.trace import Convention, Exchange, Kind, Level, Usage


class CostKnobs(Struct, frozen=True):
    """Bounds of the checks.

    `hidden_tokens`: input a provider may add to what the body shows (tool-use prompts are under 1,500 tokens, a browser toolset about
    6,600: https://platform.claude.com/docs/en/about-claude/pricing). `output_slack`: tokens an answer may pass its cap by, for end
    markers that are counted but not capped. Recorded and recomputed cost differ where they do by more than `cost_share` of the latter
    and more than `cost_floor` US dollars: price lists round unit prices, and recorders their sums.
    """

    hidden_tokens: int = 10_000
    output_slack: int = 16
    cost_share: float = 0.01
    cost_floor: float = 0.0001


class _Impossible(Struct, frozen=True):
    check: Check
    recorded: int
    expected: int
    arithmetic: bool = False


def faults(exchange: Exchange, usage: Usage, knobs: CostKnobs) -> Iterator[UsageFault]:
    """Every check the usage fails; of counts below zero nothing else is asked. Reading what no recorded call wrote is normal."""
    below = _negative(usage)
    sums = (_cached(usage), _sum(usage), _output(exchange, usage, knobs), _input(exchange, usage, knobs))
    for found in (below,) if below else sums:
        if found is not None:
            yield UsageFault(
                exchange=exchange.id,
                thread=exchange.thread.id,
                app=exchange.attribution.app,
                locus=exchange.locus.at(exchange.response.at) if exchange.response else exchange.locus,
                provider=exchange.provider,
                platform=exchange.platform,
                model=exchange.request.model,
                check=found.check,
                recorded=found.recorded,
                expected=found.expected,
                confidence="high" if found.arithmetic else "medium",
            )


def undecided(exchange: Exchange) -> Iterator[Unchecked]:
    """That the body could not be weighed against its input tokens, where it could not."""
    reason = _unweighable(exchange)
    if reason:
        yield Unchecked(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            table="usage_faults",
            aspect=Check.INPUT_EXCEEDS_BODY,
            reason=reason,
        )


def _negative(usage: Usage) -> _Impossible | None:
    lowest = min(usage.recorded.values(), default=0)
    return _Impossible(Check.NEGATIVE, lowest, 0, arithmetic=True) if lowest < 0 else None


def _cached(usage: Usage) -> _Impossible | None:
    """More read from and written to the cache than there was input, where the input count is declared to include both.

    Where the recorded total shows that the server counts cached tokens apart, its convention is another one and the counts can be.
    """
    if usage.convention is not Convention.INCLUSIVE or usage.input is None or _counted_apart(usage):
        return None
    cached = _in_cache(usage)
    return _Impossible(Check.CACHED_EXCEEDS_TOTAL, cached, usage.input, arithmetic=True) if cached > usage.input else None


def _sum(usage: Usage) -> _Impossible | None:
    """A total that is not input and output; some servers count reasoning or cached tokens in the total alone, which is no fault."""
    if usage.total is None or usage.input is None or usage.output is None or _counted_apart(usage):
        return None
    parts = usage.input + usage.output
    if usage.total in (parts, parts + (usage.reasoning or 0)):
        return None
    return _Impossible(Check.PARTS_DIFFER_FROM_TOTAL, usage.total, parts)


def _in_cache(usage: Usage) -> int:
    return (usage.cache_read or 0) + (usage.cache_write or 0)


def _counted_apart(usage: Usage) -> bool:
    """Whether the total is input, output and cached tokens: the server leaves cached tokens out of its input."""
    parts = (usage.input or 0) + (usage.output or 0) + _in_cache(usage)
    return usage.convention is Convention.INCLUSIVE and _in_cache(usage) > 0 and usage.total == parts


def _output(exchange: Exchange, usage: Usage, knobs: CostKnobs) -> _Impossible | None:
    """More output than the request's cap, at providers that enforce one for one answer in one pass."""
    cap, output = exchange.request.max_output, usage.output
    if not cap or output is None or output <= cap + knobs.output_slack:
        return None
    if not enforces_output_cap(exchange.provider, exchange.api) or _many_passes(exchange, usage):
        return None
    return _Impossible(Check.OUTPUT_EXCEEDS_MAX, output, cap)


def _input(exchange: Exchange, usage: Usage, knobs: CostKnobs) -> _Impossible | None:
    """More input tokens than the body has bytes: a token is at least one byte long."""
    most = exchange.request.length + knobs.hidden_tokens
    if usage.input is None or usage.input <= most or _unweighable(exchange):
        return None
    return _Impossible(Check.INPUT_EXCEEDS_BODY, usage.input, most)


def _unweighable(exchange: Exchange) -> str:
    """Why the body's bytes are no upper bound of the input tokens, "" where they are one."""
    request = exchange.request
    if exchange.level is not Level.WIRE:
        return "the recording does not hold the exact body"
    if not request.complete:
        return "the prompt is not all in the recording"
    if request.unsized:
        return "the prompt holds media whose bytes are no measure of tokens"
    if exchange.usage is not None and _many_passes(exchange, exchange.usage):
        return "server tools add input of their own"
    return ""


_SERVER_KINDS: Final = frozenset({Kind.SERVER_TOOL_CALL, Kind.SERVER_TOOL_RESULT})
_PASSES: Final = ("server_tool_use", "iterations", "toolUsePrompt", "server_side_tool")


def _many_passes(exchange: Exchange, usage: Usage) -> bool:
    """Whether the provider may have run the model more than once for one answer, or answered more than once: usage is then a sum."""
    response = exchange.response
    if response is None:
        return True
    if any(call.server for call in response.calls) or any(answer.kind in _SERVER_KINDS for answer in response.answers):
        return True
    if any(count > 0 and name.startswith(_PASSES) for name, count in usage.recorded.items()):
        return True
    return any("/choices/" in answer.pointer and "/choices/0" not in answer.pointer for answer in response.answers)
