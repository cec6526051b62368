"""Why providers refuse requests, by the stable middle parts of their error texts. Plain data, with its sources.

Prefixes (`messages.5:`), backticks and ids vary between hosts and versions: each row holds the parts that stay, all of which must occur.
A text that no row knows is not explained.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from seamaudit.trace import Refusal

LONGEST = 8192
"""Characters of an error text that are looked at."""
MOST_IDS = 16


class RefusalKind(StrEnum):
    """What the provider found wrong with a request."""

    CALL_WITHOUT_RESULT = "call_without_result"
    RESULT_WITHOUT_CALL = "result_without_call"
    DUPLICATE_RESULT = "duplicate_result"
    DUPLICATE_CALL_ID = "duplicate_call_id"
    SERVER_CALL_WITHOUT_RESULT = "server_call_without_result"
    UNEQUAL_COUNTS = "unequal_counts"
    RESULT_IN_WRONG_ROLE = "result_in_wrong_role"
    TURN_ORDER = "turn_order"
    ASSISTANT_LAST = "assistant_last"
    DUPLICATE_TOOL_NAME = "duplicate_tool_name"
    TOOLS_NOT_SENT = "tools_not_sent"
    REASONING_CHANGED = "reasoning_changed"
    REASONING_MISSING = "reasoning_missing"
    REASONING_ALONE = "reasoning_alone"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_MISSING = "signature_missing"
    WINDOW_EXCEEDED = "window_exceeded"


class RefusalFamily(StrEnum):
    """What a refusal is about."""

    PAIRING = "pairing"
    ORDER = "order"
    NAMES = "names"
    REASONING = "reasoning"
    LENGTH = "length"


FAMILIES: Final[Mapping[RefusalKind, RefusalFamily]] = {
    RefusalKind.CALL_WITHOUT_RESULT: RefusalFamily.PAIRING,
    RefusalKind.RESULT_WITHOUT_CALL: RefusalFamily.PAIRING,
    RefusalKind.DUPLICATE_RESULT: RefusalFamily.PAIRING,
    RefusalKind.DUPLICATE_CALL_ID: RefusalFamily.PAIRING,
    RefusalKind.SERVER_CALL_WITHOUT_RESULT: RefusalFamily.PAIRING,
    RefusalKind.UNEQUAL_COUNTS: RefusalFamily.PAIRING,
    RefusalKind.RESULT_IN_WRONG_ROLE: RefusalFamily.ORDER,
    RefusalKind.TURN_ORDER: RefusalFamily.ORDER,
    RefusalKind.ASSISTANT_LAST: RefusalFamily.ORDER,
    RefusalKind.DUPLICATE_TOOL_NAME: RefusalFamily.NAMES,
    RefusalKind.TOOLS_NOT_SENT: RefusalFamily.NAMES,
    RefusalKind.REASONING_CHANGED: RefusalFamily.REASONING,
    RefusalKind.REASONING_MISSING: RefusalFamily.REASONING,
    RefusalKind.REASONING_ALONE: RefusalFamily.REASONING,
    RefusalKind.SIGNATURE_INVALID: RefusalFamily.REASONING,
    RefusalKind.SIGNATURE_MISSING: RefusalFamily.REASONING,
    RefusalKind.WINDOW_EXCEEDED: RefusalFamily.LENGTH,
}


class Wording(Struct, frozen=True):
    """One way to say one thing: the parts that must all occur, where they were read, and when."""

    kind: RefusalKind
    parts: tuple[str, ...]
    source: str
    as_of: date = date(2026, 11, 20)


WORDINGS: Final = (
    # Anthropic; also behind Bedrock and Vertex.
    Wording(RefusalKind.CALL_WITHOUT_RESULT, ("tool_use", "ids were found without", "tool_result"), "anthropics/claude-code#5060"),
    Wording(RefusalKind.CALL_WITHOUT_RESULT, ("Did not find", "tool_result", "at the beginning of this message"), "Bedrock, Anthropic SDK"),
    Wording(RefusalKind.RESULT_WITHOUT_CALL, ("unexpected", "tool_use_id", "found in", "tool_result"), "anthropics/claude-code#13460"),
    Wording(RefusalKind.DUPLICATE_RESULT, ("each tool_use must have a single result",), "Anthropic API"),
    Wording(RefusalKind.DUPLICATE_CALL_ID, ("tool_use", "ids must be unique"), "BerriAI/litellm#23510"),
    Wording(RefusalKind.RESULT_IN_WRONG_ROLE, ("tool_result", "blocks can only be in", "user"), "Anthropic API, 2026-08-28"),
    Wording(RefusalKind.SERVER_CALL_WITHOUT_RESULT, ("was found without a corresponding", "_tool_result"), "Anthropic: server tools"),
    Wording(RefusalKind.DUPLICATE_TOOL_NAME, ("Tool names must be unique",), "anthropics/claude-code#10687"),
    Wording(RefusalKind.ASSISTANT_LAST, ("does not support assistant message prefill",), "Anthropic: migration guide"),
    Wording(RefusalKind.REASONING_CHANGED, ("in the latest assistant message cannot be modified",), "anthropics/claude-code#63203"),
    Wording(RefusalKind.REASONING_MISSING, ("a final", "assistant", "message must start with a thinking block"), "anomalyco/opencode#3077"),
    Wording(RefusalKind.SIGNATURE_INVALID, ("Invalid", "signature", "in", "thinking", "block"), "Anthropic: extended thinking"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("prompt is too long",), "Anthropic: context windows; anthropics/claude-code#12186"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("input length and", "exceed context limit"), "anthropics/claude-code#4951"),
    # OpenAI Chat Completions.
    Wording(RefusalKind.CALL_WITHOUT_RESULT, ("must be followed by tool messages responding to each",), "sdcb/chats#132"),
    # "preceeding" is theirs, and may be mended one day.
    Wording(RefusalKind.RESULT_WITHOUT_CALL, ("messages with role 'tool' must be a response to a pre",), "miurla/morphic#136"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("maximum context length is", "tokens"), "crewAIInc/crewAI-examples#121"),
    # OpenAI Responses.
    Wording(RefusalKind.CALL_WITHOUT_RESULT, ("No tool output found for function call",), "continuedev/continue#10092"),
    Wording(RefusalKind.RESULT_WITHOUT_CALL, ("No tool call found for function call output",), "continuedev/continue#10092"),
    Wording(RefusalKind.REASONING_MISSING, ("was provided without its required 'reasoning' item",), "TanStack/ai#1212"),
    Wording(RefusalKind.REASONING_ALONE, ("of type 'reasoning' was provided without its required following item",), "vercel/ai#7099"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("exceeds the context window of this model",), "OpenAI API"),
    # Gemini.
    Wording(RefusalKind.UNEQUAL_COUNTS, ("number of function response parts is equal to",), "google-gemini/gemini-cli#4217"),
    Wording(RefusalKind.TURN_ORDER, ("function call turn comes immediately after",), "google-gemini/gemini-cli#26486"),
    Wording(RefusalKind.TURN_ORDER, ("function response turn comes immediately after",), "google-gemini/gemini-cli#26486"),
    Wording(RefusalKind.SIGNATURE_MISSING, ("missing a thought_signature",), "microsoft/semantic-kernel#13417"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("input token count", "exceeds the maximum number of tokens"), "google-gemini/gemini-cli#4692"),
    # Bedrock.
    Wording(RefusalKind.TOOLS_NOT_SENT, ("toolConfig field must be defined when using toolUse",), "Bedrock Converse"),
    Wording(RefusalKind.UNEQUAL_COUNTS, ("number of toolResult blocks at", "exceeds the number of toolUse blocks"), "Bedrock Converse"),
    Wording(RefusalKind.WINDOW_EXCEEDED, ("Number of input tokens exceeds maximum length",), "Bedrock Converse, Nova"),
)

CODES: Final[Mapping[str, RefusalKind]] = {
    "context_length_exceeded": RefusalKind.WINDOW_EXCEEDED,  # OpenAI and compatible servers
    "too_many_prompt_tokens": RefusalKind.WINDOW_EXCEEDED,  # Perplexity
}
"""Error codes and types that say it by themselves."""

_DOTTED = re.compile(r"\bmessages\.(\d{1,6})(?:\.content\.(\d{1,6}))?")
_BRACKETED = re.compile(r"\b(messages|input)\.?\[(\d{1,6})\](?:\.content\[(\d{1,6})\])?")
_ID = re.compile(r"\b(?:toolu|srvtoolu|tooluse|call|fc|rs|msg)_[A-Za-z0-9_-]{1,64}")
_TOO_LONG = re.compile(r"([\d,]{1,12}) tokens > ([\d,]{1,12})")
_SUM = re.compile(r"(\d{1,9}) \+ (\d{1,9}) > (\d{1,9})")
_LIMIT_FIRST = re.compile(r"maximum context length is ([\d,]{1,12}) tokens")
_LIMIT_THEN = re.compile(r"(?:resulted in|you requested)(?: about)? ([\d,]{1,12}) tokens")
_COUNTED = re.compile(r"token count \(([\d,]{1,12})\) exceeds the maximum number of tokens allowed \(([\d,]{1,12})\)")


def explain(text: str, *codes: str) -> Refusal | None:
    """What an error text says: its kind, the place, ids and counts in it. None where there is neither a known text nor a known code."""
    text = text[:LONGEST]
    kind = next((word.kind for word in WORDINGS if all(part in text for part in word.parts)), None)
    kind = kind or next((CODES[code] for code in codes if code in CODES), None)
    if kind is None:
        return None
    tokens, limit = _counts(text) if kind is RefusalKind.WINDOW_EXCEEDED else (None, None)
    ids = tuple(dict.fromkeys(_ID.findall(text)))[:MOST_IDS]
    return Refusal(kind.value, _pointer(text), ids, tokens, limit)


def _pointer(text: str) -> str:
    """The place in the body, in the spelling of a JSON pointer."""
    if dotted := _DOTTED.search(text):
        array, message, block = "messages", dotted[1], dotted[2]
    elif bracketed := _BRACKETED.search(text):
        array, message, block = bracketed[1], bracketed[2], bracketed[3]
    else:
        return ""
    return f"/{array}/{message}" + (f"/content/{block}" if block else "")


def _counts(text: str) -> tuple[int | None, int | None]:
    """The tokens that were sent, with what was asked for where the provider counts it in, and the window."""
    if found := _TOO_LONG.search(text) or _COUNTED.search(text):
        return _number(found[1]), _number(found[2])
    if added := _SUM.search(text):
        return int(added[1]) + int(added[2]), int(added[3])
    limit, sent = _LIMIT_FIRST.search(text), _LIMIT_THEN.search(text)
    return _number(sent[1]) if sent else None, _number(limit[1]) if limit else None


def _number(spelled: str) -> int | None:
    digits = spelled.replace(",", "")
    return int(digits) if digits else None
