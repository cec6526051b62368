"""Bare OpenAI message lists: dialogues without requests, usage or times (tau-bench and hand-kept transcripts).

Level B: each assistant message is one call; what was sent is the messages before it, tool definitions not among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import BodyShape, RecordReader, Rejected, ShapeOf
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.rawbody import RawBody
from seamaudit.trace import Clock, Level, Locus, Need, Times

ARRAYS = ("traj", "messages")
_LACKS: Mapping[Need, str] = {
    Need.TOOLS: "tool definitions are not recorded",
    Need.USAGE: "a message list holds no usage",
    Need.TIME: "no wall-clock time is recorded",
    Need.MODEL: "no model is named",
    Need.STREAM: "only messages are recorded",
}
_list: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_object: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _MessageLists:
    """What line files and documents of message lists have in common."""

    def __init__(self, shape_of: ShapeOf) -> None:
        self._shape_of = shape_of

    def open(self, intern: Interner) -> RecordReader:
        """A reader over this run's interner."""
        return _Reader(intern, self._shape_of)


class MessageLines(_MessageLists):
    """One dialogue a line: `{"messages": [...]}`, `{"traj": [...]}` or the bare array."""

    name = "messages"
    container: Literal["lines"] = "lines"

    def detect(self, head: bytes) -> int:
        """Sure where the first line is an array or object of role-bearing messages and names no response."""
        line = head.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
        if len(line) < 2 or line[:1] not in b"[{" or not _speaks(line):
            return 0
        return 0 if b'"response"' in line or b'"request"' in line else 40


class MessageDocument(_MessageLists):
    """A whole file of dialogues: a JSON array of `{"traj": [...]}` or `{"messages": [...]}` objects, as tau-bench writes it."""

    name = "messages-document"
    container: Literal["document"] = "document"

    def detect(self, head: bytes) -> int:
        """Sure where an array opens that is not closed on its first line and holds dialogues."""
        text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if not text.startswith(b"[") or not _speaks(text):
            return 0
        spread = not text[1:].lstrip(b" \t").startswith((b"{", b"[")) or len(text) == len(head)
        return 50 if spread and any(b'"%b"' % name.encode() in text for name in ARRAYS) else 0


def _speaks(text: bytes) -> bool:
    return b'"role"' in text and b'"content"' in text


class _Reader:
    def __init__(self, intern: Interner, shape_of: ShapeOf) -> None:
        self._intern = intern
        self._shape_of = shape_of

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Draft]:
        for raw, where in _dialogues(data, locus):
            yield from self._turns(raw, where)

    def _turns(self, raw: bytes, locus: Locus) -> Iterator[Draft]:
        array, elements, about = _messages(raw)
        shape = self._shape_of("", frozenset({"messages"}), None)
        if shape is None:
            raise Rejected("unknown_body")
        conversation = _conversation(about, locus)
        for at, message in enumerate(elements):
            parsed = jsontext.parse(bytes(message)).value
            if not isinstance(parsed, dict):
                raise Rejected("not_an_exchange")
            if parsed.get("role") == "assistant" and at:
                yield self._turn(shape, elements[:at], parsed, array, conversation, locus.at(f"/{array}/{at}" if array else f"/{at}"))

    def _turn(
        self, shape: BodyShape, sent: list[msgspec.Raw], answer: dict[str, Any], array: str, conversation: str, locus: Locus
    ) -> Draft:
        body = RawBody({}, {"messages": sent})
        request = shape.request(body, "", "", conversation, self._intern, locus)
        response = shape.response({"choices": [{"index": 0, "message": answer}]}, locus.pointer, None)
        return Draft(
            locus=locus,
            format=MessageLines.name,
            level=Level.MESSAGES,
            provider="unknown",
            api=shape.api,
            platform="",
            host="",
            request=replace(request, offered=None, renamed={"messages": array}),
            response=response,
            times=Times(),
            conversation=conversation,
            sequence=len(sent),
            clock=Clock.SEQUENCE,
            lacks=_LACKS,
        )


def _dialogues(data: bytes, locus: Locus) -> Iterator[tuple[bytes, Locus]]:
    """Each dialogue with its own place: a document's array elements are looked up where they stand."""
    if not data.lstrip().startswith(b"["):
        yield data, locus
        return
    elements = _decoded(_list, data)
    if elements and _is_message(bytes(elements[0])):
        yield data, locus
        return
    at, line = 0, locus.line
    for element in elements:
        raw = bytes(element)
        found = data.index(raw, at)
        line += data.count(b"\n", at, found)
        yield raw, Locus(locus.source, line, locus.offset + found, len(raw))
        line += raw.count(b"\n")
        at = found + len(raw)


def _is_message(raw: bytes) -> bool:
    value = jsontext.parse(raw).value
    return isinstance(value, dict) and "role" in value


def _messages(raw: bytes) -> tuple[str, list[msgspec.Raw], Mapping[str, msgspec.Raw]]:
    if raw.lstrip().startswith(b"["):
        return "", _decoded(_list, raw), {}
    about = _decoded(_object, raw)
    array = next((name for name in ARRAYS if name in about), None)
    if array is None:
        raise Rejected("not_an_exchange")
    return array, _decoded(_list, bytes(about[array])), about


def _decoded(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise Rejected("not_an_exchange") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise jsontext.Unparsable("not_json") from None


def _conversation(about: Mapping[str, msgspec.Raw], locus: Locus) -> str:
    """The dialogue's own name: task and trial, or an id, else its place in the file."""
    named = [bytes(about[name]).decode("utf-8", "replace").strip('"')[:64] for name in ("task_id", "trial", "id") if name in about]
    return "/".join(named) if named else f"dialogue at byte {locus.offset}"
