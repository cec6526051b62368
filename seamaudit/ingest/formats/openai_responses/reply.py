"""What a Responses object says: its output items, calls, usage, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seamaudit.ingest import counts
from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, fields, first_code, items, spelled_length, word
from seamaudit.ingest.formats.openai_responses.blocks import blocks, call_id, given_arguments, kind_of
from seamaudit.trace import ArgumentState, Convention, Kind, ToolCall, Usage, Zone


def stop_of(payload: Mapping[str, Any]) -> str:
    """The reason of an incomplete response, else its status."""
    status = word(payload.get("status"))
    reason = word(fields(payload.get("incomplete_details")).get("reason"))
    return reason or status if status == "incomplete" else status


def output(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A response's items; what is no object is dropped."""
    return [item for item in items(payload.get("output")) if isinstance(item, dict)]


def output_blocks(given: Sequence[Mapping[str, Any]]) -> list[list[Block]]:
    """The blocks of each item, as it would be sent back."""
    return [blocks(item, Zone.MESSAGES) for item in given]


def calls(given: Sequence[Mapping[str, Any]], pointers: Sequence[str], *, cut: bool) -> tuple[ToolCall, ...]:
    """The calls among a response's items; `cut` says that the response was, and with it its last item."""
    last = len(given) - 1
    made = (_call(item, pointers[at], cut=(cut and at == last) or item.get("status") == "incomplete") for at, item in enumerate(given))
    return tuple(call for call in made if call)


def _call(item: Mapping[str, Any], pointer: str, *, cut: bool) -> ToolCall | None:
    kind = kind_of(item)
    if kind not in (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL):
        return None
    spelled = given_arguments(item)
    digest, state = arguments(spelled)
    if cut and (state is not ArgumentState.PARSED or not isinstance(item.get("arguments"), str)):
        digest, state = b"", ArgumentState.CUT
    return ToolCall(
        id=call_id(item),
        name=word(item.get("name")) or word(item.get("type")).removesuffix("_call"),
        arguments=digest,
        state=state,
        pointer=pointer,
        length=spelled_length(item["input"] if isinstance(item.get("input"), str) else spelled),
        server=kind is Kind.SERVER_TOOL_CALL,
    )


def usage(payload: Mapping[str, Any]) -> Usage | None:
    """`input_tokens` holds what was cached or written, `output_tokens` the reasoning."""
    sent = payload.get("usage")
    if not isinstance(sent, dict):
        return None
    recorded = counts.flattened(sent)
    return Usage(
        input=recorded.get("input_tokens"),
        cache_read=recorded.get("input_tokens_details.cached_tokens"),
        cache_write=recorded.get("input_tokens_details.cache_write_tokens"),
        output=recorded.get("output_tokens"),
        reasoning=recorded.get("output_tokens_details.reasoning_tokens"),
        total=recorded.get("total_tokens"),
        convention=Convention.INCLUSIVE,
        recorded=recorded,
        service_tier=word(payload.get("service_tier")),
    )


def error_code(payload: Mapping[str, Any]) -> str:
    """The code of an error body, a failed response or an `error` event."""
    error = fields(payload.get("error"))
    return first_code(error.get("code"), error.get("type"), payload.get("code"))
