"""What an Anthropic response says beside its blocks: calls and usage."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

from seamaudit.ingest import counts, diagnosis
from seamaudit.ingest.blocks import answers, arguments, fields, first_code, items, spelled_length, word
from seamaudit.ingest.formats.anthropic.blocks import blocks, kind_of
from seamaudit.trace import ArgumentState, Convention, Kind, Response, ToolCall, Usage

CUT_STOPS = frozenset({"max_tokens", "model_context_window_exceeded"})
"""Stop reasons under which a last tool_use block is incomplete (handling stop reasons)."""


def response(payload: Mapping[str, Any], at: str, status: int | None) -> Response:
    """A whole message."""
    stop = word(payload.get("stop_reason"))
    content = items(payload.get("content"))
    cut = len(content) - 1 if stop in CUT_STOPS else None
    calls = (_whole_call(fields(item), f"{at}/content/{index}", cut=index == cut) for index, item in enumerate(content))
    return Response(
        at=at,
        status=status,
        id=word(payload.get("id")),
        model=word(payload.get("model")),
        stop=stop,
        answers=answers(blocks(content, "assistant"), at),
        calls=tuple(each for each in calls if each),
        usage=usage(payload.get("usage")),
        diagnosis=diagnosis.anthropic(payload),
    )


def error_code(payload: Mapping[str, Any]) -> str:
    """The type of an error body or event; Bedrock puts it into `__type`, if anywhere."""
    return first_code(fields(payload.get("error")).get("type"), payload.get("__type"))


def call(item: Mapping[str, Any], given: tuple[bytes, ArgumentState], spelled: Any, pointer: str) -> ToolCall | None:
    """The call a block is, None where it is none; `spelled` is what was streamed or parsed of its arguments."""
    kind = kind_of(item)
    if kind not in (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL):
        return None
    return ToolCall(
        id=word(item.get("id")),
        name=word(item.get("name")),
        arguments=given[0],
        state=given[1],
        pointer=intern(pointer),
        length=spelled_length(spelled),
        server=kind is Kind.SERVER_TOOL_CALL,
    )


def usage(sent: Any, *, placeholder: bool = False) -> Usage | None:
    """`input_tokens` is only what the cache neither read nor wrote (prompt caching, "tracking cache performance").

    The 5m/1h split is kept only where it adds up to the total: a stream's last usage moves the total alone.
    """
    if not isinstance(sent, dict):
        return None
    recorded = counts.flattened(sent)
    plain, read, write = (recorded.get(name) for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
    short = recorded.get("cache_creation.ephemeral_5m_input_tokens")
    long = recorded.get("cache_creation.ephemeral_1h_input_tokens")
    if write is not None and (short or 0) + (long or 0) != write:
        short = long = None
    return Usage(
        input=counts.total(plain, read, write),
        cache_read=read,
        cache_write=write,
        cache_write_5m=short,
        cache_write_1h=long,
        output=recorded.get("output_tokens"),
        reasoning=recorded.get("output_tokens_details.thinking_tokens"),
        convention=Convention.EXCLUSIVE,
        recorded=recorded,
        service_tier=word(sent.get("service_tier")),
        placeholder_output=placeholder,
    )


def _whole_call(item: Mapping[str, Any], pointer: str, *, cut: bool) -> ToolCall | None:
    given = (b"", ArgumentState.CUT) if cut else arguments(item.get("input"))
    return call(item, given, item.get("input"), pointer)
