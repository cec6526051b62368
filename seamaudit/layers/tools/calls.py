"""Calls as a response makes them: is the tool known, can the arguments be read, and who is to blame."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.tools.facts import CallFault, Confidence, ResponseFault, about, unchecked
from seamaudit.providers.endings import Blame, cut_by
from seamaudit.trace import ArgumentState, Exchange, Response, ToolCall

RENAMED_AT = ("__", ".", ":", "/")
"""What gateways put between a prefix of their own and a tool's name."""

TEXT_ARGUMENTS = frozenset({"openai.chat", "openai.responses"})
"""APIs whose whole answers carry arguments as JSON text. The others carry an object, which parses even where a limit cut it; only
their streams carry text."""


def call_faults(exchange: Exchange, response: Response) -> Iterator[Fact]:
    """What keeps the response's own calls from being run; tools that the provider runs are its affair."""
    own = [call for call in response.calls if not call.server]
    yield from _unknown_tools(exchange, own)
    for call in own:
        if call.state is ArgumentState.INVALID or (call.state is ArgumentState.CUT and _spelled_as_text(exchange, response)):
            yield _unreadable(exchange, response, call, is_last=call is own[-1])
        yield from _against_schema(exchange, call)


def _unknown_tools(exchange: Exchange, calls: list[ToolCall]) -> Iterator[Fact]:
    offered = exchange.request.offered
    named = [call for call in calls if call.name]
    if not named or exchange.request.deferred:
        return
    if offered is None or not (offered or exchange.request.complete):  # a stored prompt may bring tools along
        for aspect in (ResponseFault.UNKNOWN_TOOL, ResponseFault.ARGUMENTS_VIOLATE_SCHEMA):
            yield unchecked(exchange, "call_faults", aspect, "tool definitions are not recorded")
        return
    for call in named:
        if call.name not in offered:
            yield _fault(exchange, call, ResponseFault.UNKNOWN_TOOL, Blame.MODEL, "low" if _renamed(call.name, offered) else "high")


def _renamed(name: str, offered: frozenset[str]) -> bool:
    """Whether the name is an offered one in another case, or with or without a prefix: gateways rename tools on their way."""
    folded = name.lower()
    return any(known.lower() == folded or _prefixed(name, known) or _prefixed(known, name) for known in offered)


def _prefixed(long: str, short: str) -> bool:
    return bool(short) and any(long.endswith(mark + short) for mark in RENAMED_AT)


def _spelled_as_text(exchange: Exchange, response: Response) -> bool:
    return response.stream is not None or exchange.api in TEXT_ARGUMENTS


def _unreadable(exchange: Exchange, response: Response, call: ToolCall, is_last: bool) -> CallFault:
    """Only the last call of an answer can have been cut by the answer's end; an earlier one the model wrote as it is."""
    cut = cut_by(exchange, response) if is_last else None
    if cut is not None:
        return _fault(exchange, call, ResponseFault.ARGUMENTS_CUT, cut, "high")
    blame = Blame.UNKNOWN if call.state is ArgumentState.CUT else Blame.MODEL
    return _fault(exchange, call, ResponseFault.ARGUMENTS_NOT_JSON, blame, "high")


def _against_schema(exchange: Exchange, call: ToolCall) -> Iterator[Fact]:
    found = call.conforms
    if found is None or found.state == "valid":
        return
    if found.state == "unchecked":
        yield unchecked(exchange, "call_faults", ResponseFault.ARGUMENTS_VIOLATE_SCHEMA, found.reason)
        return
    fault = _fault(exchange, call, ResponseFault.ARGUMENTS_VIOLATE_SCHEMA, Blame.MODEL, "high")
    yield replace(fault, keyword=found.keyword, where=found.where, promised=found.promised)


def _fault(exchange: Exchange, call: ToolCall, fault: ResponseFault, blame: Blame, confidence: Confidence) -> CallFault:
    return CallFault(
        **about(exchange),
        locus=exchange.locus.at(call.pointer),
        fault=fault,
        tool=call.name,
        call_id=call.id,
        provider=exchange.provider,
        api=exchange.api,
        blame=blame,
        confidence=confidence,
    )
