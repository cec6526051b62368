"""What a Chat Completions response says beside its blocks: calls, usage, errors."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

from seamaudit.ingest import counts
from seamaudit.ingest.blocks import answers, arguments, fields, first_code, items, spelled_length, word
from seamaudit.ingest.formats.openai_chat.blocks import assistant, called, calls_in, custom_arguments
from seamaudit.trace import ArgumentState, Convention, ConventionBasis, Response, ToolCall, Usage

CUT_STOPS = frozenset({"length"})
_READ = (
    "prompt_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",  # DeepSeek
    "num_cached_tokens",  # Mistral
    "cached_tokens",  # Moonshot
    "cache_read_input_tokens",  # LiteLLM
)
_WRITTEN = (
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",  # LiteLLM
    "cache_creation_input_tokens",
)


def response(payload: Mapping[str, Any], at: str, status: int | None) -> Response:
    """A whole completion: its first choice is the answer."""
    choice = fields(next(iter(items(payload.get("choices"))), None))
    message = fields(choice.get("message"))
    stop = word(choice.get("finish_reason"))
    pointer = f"{at}/choices/0/message"
    return Response(
        at=at,
        status=status,
        id=word(payload.get("id")),
        model=word(payload.get("model")),
        stop=stop,
        answers=answers(assistant(message), pointer),
        calls=calls(message, pointer, cut=stop in CUT_STOPS),
        usage=usage(payload),
    )


def calls(message: Mapping[str, Any], at: str, *, cut: bool, located: bool = True) -> tuple[ToolCall, ...]:
    """The calls of an answer; `cut` says that its end is missing, so that arguments which are no JSON were cut."""
    given = calls_in(message)
    last = len(given) - 1
    return tuple(_call(item, at + path if located else at, cut=cut and index == last) for index, (item, path) in enumerate(given))


def _call(item: Mapping[str, Any], pointer: str, *, cut: bool) -> ToolCall:
    member, inner = called(item)
    if member == "custom":
        spelled, digest, state = inner.get("input"), custom_arguments(inner.get("input")), ArgumentState.PARSED
    else:
        spelled = inner.get("arguments")
        digest, state = arguments(spelled)
    if cut and state is not ArgumentState.PARSED:
        digest, state = b"", ArgumentState.CUT
    return ToolCall(word(item.get("id")), word(inner.get("name")), digest, state, intern(pointer), spelled_length(spelled))


def usage(payload: Mapping[str, Any]) -> Usage | None:
    """`prompt_tokens` holds what was cached, `completion_tokens` the reasoning, except where the total says otherwise.

    Some gateways count the cached part beside the prompt, xAI the reasoning beside the completion.
    """
    sent = payload.get("usage")
    if not isinstance(sent, dict):
        sent = fields(payload.get("x_groq")).get("usage")
    if not isinstance(sent, dict):
        return None
    recorded = counts.flattened(sent)
    prompt, output, total = (recorded.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    read, written = counts.first(recorded, *_READ), counts.first(recorded, *_WRITTEN)
    reasoning = counts.first(recorded, "completion_tokens_details.reasoning_tokens", "reasoning_tokens")
    convention, basis = Convention.INCLUSIVE, ConventionBasis.DECLARED
    if prompt is not None and output is not None and total is not None:
        beside = total - prompt - output
        if read and beside == read + (written or 0):
            prompt, convention, basis = prompt + beside, Convention.EXCLUSIVE, ConventionBasis.TOTAL
        elif reasoning and beside == reasoning:
            output += reasoning
    return Usage(
        input=prompt,
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=reasoning,
        total=total,
        convention=convention,
        convention_basis=basis,
        recorded=recorded,
        service_tier=word(payload.get("service_tier")) or word(sent.get("service_tier")),
    )


def error_code(payload: Mapping[str, Any]) -> str:
    """The code of an error body or chunk, else its type. Compatible servers put them into `error` or beside it."""
    error = fields(payload.get("error"))
    return first_code(error.get("code"), error.get("type"), payload.get("code"), payload.get("type"))
