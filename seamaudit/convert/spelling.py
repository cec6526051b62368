"""Bodies for calls that were not recorded as they were sent: spelled in the words that the recording was read in.

Recordings of messages are read in Chat Completions' words, session files of Claude Code and pi in those of Messages; in these they are
written. A tool, a system prompt and a message is the very value that was read; usage and answers are put into the shape's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

from seamaudit.ingest import jsontext, rawjson
from seamaudit.ingest.draft import Draft
from seamaudit.trace import Answer, Kind, Response, Segment, Usage, to_usd

CHAT: Final = "openai.chat"
MESSAGES: Final = "anthropic.messages"
_PATHS: Final = {CHAT: "/v1/chat/completions", MESSAGES: "/v1/messages"}
_SPOKEN: Final = frozenset({"role", "content"})
"""All that a message of Messages has; a session's rows carry the whole response."""


class Raws(Protocol):
    """Gives the raw values that were interned."""

    def raw(self, api: str, ids: tuple[int, ...]) -> bytes | None:
        """The raw value that gave these segments in the body language `api`, None where none did."""
        ...


class Spelling:
    """Makes pairs of drafts, while the texts of their answers are at hand."""

    def __init__(self, raws: Raws) -> None:
        self._raws = raws

    def lines(self, draft: Draft) -> Iterator[bytes]:
        """A pair's lines, in every way in which the call can be spelled: a prompt that holds nothing shows no body language, and the
        reason for which an answer ended makes its last call one that was cut. Raises nothing for any content."""
        elements = _elements(draft.request.prefix.segments())
        for api in _PATHS:
            members = self._spelled(api, elements)
            if members is not None:
                for stops in (True, False) if draft.response and draft.response.stop else (True,):
                    yield _line(draft, api, members, stops)

    def _spelled(self, api: str, elements: Sequence[tuple[str, bool, tuple[int, ...]]]) -> dict[str, bytes] | None:
        members: dict[str, list[bytes]] = {"messages": []}
        whole: dict[str, bytes] = {}
        for array, is_whole, ids in elements:
            raw = self._raws.raw(api, ids)
            if raw is None:
                return None
            if is_whole:
                whole[array] = raw
            else:
                members.setdefault(array, []).append(_spoken(raw) if api == MESSAGES and array == "messages" else raw)
        return {**whole, **{name: b"[" + b",".join(raws) + b"]" for name, raws in members.items()}}


def _line(draft: Draft, api: str, members: Mapping[str, bytes], stops: bool) -> bytes:
    request = {"method": "POST", "url": _PATHS[api]}
    body = {"model": jsontext.respelled(draft.request.model), **members, **_limits(draft)}
    response = draft.response
    answer = None if response is None else {"status_code": response.status, "body": _ANSWERS[api](response, stops)}
    sent = b'{"request":%b,"body":%b},"response":%b' % (jsontext.respelled(request)[:-1], _object(body), jsontext.respelled(answer))
    around = {name: value for name, value in _around(draft).items() if value not in (None, [], "")}
    return sent + (b"," + jsontext.respelled(around)[1:] if around else b"}")


def _elements(segments: Iterable[Segment]) -> list[tuple[str, bool, tuple[int, ...]]]:
    """The elements of a prompt: the member each stands in, whether it is that member, and its segments."""
    out: list[tuple[str, bool, list[int]]] = []
    for segment in segments:
        if segment.starts or not out:
            out.append((segment.array, segment.scalar and not segment.path, []))
        out[-1][2].append(segment.id)
    return [(array, is_whole, tuple(ids)) for array, is_whole, ids in out]


def _spoken(raw: bytes) -> bytes:
    members = rawjson.members(raw) or {}
    return _object({name: value for name, value in members.items() if name in _SPOKEN})


def _object(members: dict[str, bytes]) -> bytes:
    spelled = (b"%b:%b" % (jsontext.respelled(name), _on_one_line(value)) for name, value in members.items())
    return b"{" + b",".join(spelled) + b"}"


def _on_one_line(value: bytes) -> bytes:
    """JSON text without line breaks, which stand between its tokens only."""
    return bytes(value).replace(b"\n", b" ").replace(b"\r", b" ")


def _limits(draft: Draft) -> dict[str, bytes]:
    limits = {"max_tokens": draft.request.max_output, "stream": True if draft.request.streamed else None}
    return {name: jsontext.respelled(value) for name, value in limits.items() if value is not None}


def _around(draft: Draft) -> dict[str, Any]:
    """What a pair says beside its bodies."""
    times, by = draft.times, draft.attribution
    return {
        "conversation": draft.conversation,
        "n": draft.sequence,
        "started_at": times.started,
        "first_byte": times.first_byte,
        "ended_at": times.ended,
        "duration": times.duration,
        "recorded_at": times.dated,
        "app": by.app if by.app_declared else "",
        "agent": by.agent,
        "team": by.team,
        "key": by.key,
        "user": by.user,
        "tags": sorted(draft.tags),
        "cost_usd": to_usd(draft.recorded_cost) if draft.recorded_cost is not None else None,
    }


def _completion(response: Response, stops: bool) -> dict[str, Any]:
    """A response of Chat Completions."""
    about = {"id": response.id, "model": response.model}
    if _failed(response):
        return about | {"error": {"type": response.error_type or None}}
    choice = {"index": 0, "message": _chat(response.answers), "finish_reason": response.stop or None if stops else None}
    usage = _chat_usage(response.usage)
    return about | {"object": "chat.completion", "choices": [choice]} | ({"usage": usage} if usage is not None else {})


def _message(response: Response, stops: bool) -> dict[str, Any]:
    """A response of Messages."""
    if _failed(response):
        return {"type": "error", "error": {"type": response.error_type or None}}
    about = {"id": response.id, "type": "message", "role": "assistant", "model": response.model}
    ending = {"content": [_value(each) for each in response.answers], "stop_reason": response.stop or None if stops else None}
    usage = _messages_usage(response.usage)
    return about | ending | ({"usage": usage} if usage is not None else {})


def _failed(response: Response) -> bool:
    return bool(response.error_type) or (response.status is not None and response.status >= 400) or response.refusal is not None


def _value(answer: Answer) -> Any:
    return jsontext.reread(answer.spelled) if answer.spelled else None


def _chat(answers: Sequence[Answer]) -> dict[str, Any]:
    """Blocks of an answer as one assistant message."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    for kind, blocks in groupby(answers, key=lambda each: each.kind):
        values = [_value(each) for each in blocks]
        if kind is Kind.THINKING and isinstance(values[0], dict) and "reasoning" in values[0]:
            message["reasoning_content"] = values[0]["reasoning"]
        elif kind is Kind.TOOL_CALL:
            message["tool_calls"] = [*message.get("tool_calls", ()), *values]
        else:
            message["content"] = [*(message["content"] or ()), *values]
    parts = message["content"]
    if parts is not None and len(parts) == 1 and isinstance(parts[0], dict) and set(parts[0]) == {"type", "text"}:
        message["content"] = parts[0]["text"]
    return message


def _chat_usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    total = usage.input + usage.output if usage.input is not None and usage.output is not None else None
    cached = _known(cached_tokens=usage.cache_read, cache_write_tokens=usage.cache_write)
    told = _known(prompt_tokens=usage.input, completion_tokens=usage.output, total_tokens=total)
    thought = _known(reasoning_tokens=usage.reasoning)
    return told | ({"prompt_tokens_details": cached} if cached else {}) | ({"completion_tokens_details": thought} if thought else {})


def _messages_usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    lives = _known(ephemeral_5m_input_tokens=usage.cache_write_5m, ephemeral_1h_input_tokens=usage.cache_write_1h)
    told = _known(
        input_tokens=usage.plain,
        cache_read_input_tokens=usage.cache_read,
        cache_creation_input_tokens=usage.cache_write,
        output_tokens=usage.output,
    )
    return told | ({"cache_creation": lives} if lives else {})


def _known(**counts: int | None) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count is not None}


_ANSWERS: Final[Mapping[str, Callable[[Response, bool], dict[str, Any]]]] = {CHAT: _completion, MESSAGES: _message}
