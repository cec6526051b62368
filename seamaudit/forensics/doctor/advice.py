"""What to record, so that rules which are blind can be decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from seamaudit.trace import Need

_BY_NEED: Final[Mapping[Need, str]] = {
    Need.PROMPT: "every request whole: system prompt, tools and all messages",
    Need.TOOLS: "the tool definitions with every request",
    Need.RESPONSE: "every response's body, and the HTTP status where the call failed",
    Need.STREAM: "streams as they came, event by event, not the message put together from them",
    Need.USAGE: "the usage of every answer; Chat Completions streams send it where stream_options.include_usage asks for it",
    Need.TIME: "when each request was sent and its answer ended, as epoch seconds or ISO 8601",
    Need.MODEL: "the model with every request",
    Need.CACHE_CONTRACT: "request bodies byte for byte as they were sent: tools, system prompt, messages, cache markers",
    Need.CACHE_LIFE: "every call of a conversation, none sampled away",
}
"""Against a need that is not met. A reason that leaves several needs unmet is answered for the first of these in the enumeration."""

_BODIES: Final = _BY_NEED[Need.CACHE_CONTRACT]
_CALLS: Final = "the calls as they go over the wire, beside this log or in its place"

_BY_REASON: Final[Mapping[str, str]] = {
    "a batch's results do not hold its requests": "request and response together; a batch file holds one half of a call",
    "a gateway's log does not say that every turn is in it": _CALLS,
    "a line was lost between this request and the one before": "every line whole: IN001 names those that were lost, and why",
    "a trace does not say that every turn is in it": _CALLS,
    "a transcript ends when a person leaves": _CALLS,
    "a transcript need not hold the reasoning that was sent": _BODIES,
    "a transcript need not keep the order that was sent": _BODIES,
    "an automatic cache cannot be followed without the whole prompt": _BODIES,
    "another signature stands there than was given, and the provider took it: the recorder changed it": "signatures untouched",
    "earlier turns are held by the provider": "the input in full: send it in place of previous_response_id or conversation",
    "earlier turns of the prompt are not in the recording": _BY_NEED[Need.PROMPT],
    "no end of the call is recorded": "when each answer ended, or how long it took",
    "no stop reason is recorded": "the answer's stop reason (stop_reason, finish_reason, status)",
    "no time is recorded, so that no day can be told": _BY_NEED[Need.TIME],
    "policy and tools are not recorded": _BODIES,
    "system prompt and tools are not recorded": _BODIES,
    "the answer was redacted": "contents with credentials and personal data alone left out, not whole texts",
    "the messages were redacted": "contents with credentials and personal data alone left out, not whole texts",
    "the messages were cut off at a length": "messages at their full length: raise the recorder's limit",
    "the prompt is not all in the recording": _BY_NEED[Need.PROMPT],
    "the recording does not hold the exact body": _BODIES,
    "the response body was cut": "response bodies at their full length: raise the recorder's limit",
    "the results stand in another file": "request and response together; a batch file holds one half of a call",
    "tool definitions are not recorded": _BY_NEED[Need.TOOLS],
    "what a call of the run cost is not known": "usage and model of every call; --prices gives prices that are not bundled",
    "what is sent beside the prompt is not recorded": _BODIES,
}
"""Against a reason of its own."""

_BEYOND: Final = frozenset(
    {
        "no cache contract is known for this provider or model",
        "server tools add input of their own",
        "the call broke off",
        "the call broke off before its usage was told",
        "the prompt holds media whose bytes are no measure of tokens",
        "the text of the next turn is no longer at hand",
        "where this server wants results is not known",
    }
)
"""Reasons that no recording mends: what a provider does not document, what never came, what bytes cannot show."""


class Hint(NamedTuple):
    """What helps in one format: a recorder's own setting, or another way to record."""

    format: str
    text: str


_MESSAGES: Final = frozenset({Need.CACHE_CONTRACT, Need.STREAM, Need.TOOLS, Need.PROMPT, Need.RESPONSE})
_SESSION: Final = "a session file holds no requests: point the agent at a gateway or proxy that logs whole HTTP calls (HAR will do)"
_TRACER: Final = "it keeps messages, not bodies: log the HTTP calls beside it where byte-exact requests are wanted"
_DIALOGUE: Final = "a dialogue holds no calls: have the harness write each request with its response (pairs)"
_HINTS: Final[Mapping[str, tuple[frozenset[Need], str]]] = {
    "atif": (_MESSAGES, _DIALOGUE),
    "batch": (_MESSAGES, "batches are audited by halves: write each request with its result (pairs)"),
    "claude-code": (_MESSAGES, "a session file holds no requests: claude-trace, or a proxy that writes HAR, keeps whole HTTP calls"),
    "codex": (_MESSAGES, _SESSION),
    "gemini-cli": (_MESSAGES, _SESSION),
    "har": (_MESSAGES, "save with content, and before the browser drops long bodies"),
    "helicone": (_MESSAGES, "export with --include-body, and fetch signed_body_url before it expires"),
    "inspect": (_MESSAGES, "run with --log-model-api, which keeps the raw request and response of every call"),
    "langfuse": (_MESSAGES, _TRACER),
    "langsmith": (_MESSAGES, _TRACER),
    "litellm": (
        _MESSAGES,
        "turn_off_message_logging takes messages out, store_prompts_in_spend_logs puts them into spend logs; no payload holds the body as "
        "it was sent: log the HTTP calls beside it where byte-exact requests are wanted",
    ),
    "messages": (_MESSAGES | {Need.USAGE, Need.TIME, Need.MODEL}, _DIALOGUE),
    "opencode": (_MESSAGES, _SESSION),
    "otlp": (
        _MESSAGES,
        "content is off by default: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT turns it on, and "
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT cuts it; spans hold messages, never the body as it was sent",
    ),
    "pi": (_MESSAGES, _SESSION),
    "swe-agent": (_MESSAGES | {Need.USAGE, Need.TIME}, _DIALOGUE),
    "tau2": (_MESSAGES, _DIALOGUE),
    "vcr": (frozenset({Need.TIME}), "a cassette does not say when a request was sent: write pairs with a timestamp where time matters"),
}
"""By format, what has to be lacking for a hint to be worth giving, and the hint."""


def advice(reason: str, needs: Collection[Need]) -> str:
    """What to record against a reason, which leaves `needs` unmet; "" where nothing that is recorded would help."""
    if reason in _BEYOND or reason.startswith(("the schema", "the value")):
        return ""
    return _BY_REASON.get(reason) or next((_BY_NEED[need] for need in Need if need in needs), "")


def hints(lacking: Mapping[str, frozenset[Need]]) -> Iterable[Hint]:
    """What helps in each format, where its calls lack what it speaks of."""
    for name in sorted(lacking):
        wanted, text = _HINTS.get(name, (frozenset[Need](), ""))
        if not wanted.isdisjoint(lacking[name]):
            yield Hint(name, text)
