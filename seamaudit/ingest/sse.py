"""Event streams as they were recorded: server-sent events, and AWS event streams that were kept as text."""

from __future__ import annotations

import re

from msgspec import Struct

from seamaudit.ingest import frames, jsontext

DONE = "[DONE]"
_LINE_END = re.compile(r"\r\n|\n|\r")


class SseEvent(Struct, frozen=True):
    """One event: its `event:` name ("" if it had none), its joined `data:` lines and its ordinal in the stream."""

    name: str
    data: str
    ordinal: int


def split(text: str) -> tuple[list[SseEvent], bool]:
    """The whole events of a stream, and whether a partial one follows.

    An event is whole once a blank line, or the end right after a whole `data:` line, dispatches it (recorders drop the last
    newlines). A last line without its newline is a partial tail unless it completes the event's data to `[DONE]` or a JSON value.

    Lines are read as in the HTML standard's event stream format, with two additions: where a recorder dropped the blank lines,
    events are told apart by their data; and `error: ...`, which llama.cpp's server writes, is an event named `error`.
    """
    if frames.recognised(text):
        framed, partial = frames.split(text)
        return [SseEvent(name, data, ordinal) for ordinal, (name, data) in enumerate(framed)], partial
    splitter = _Splitter()
    *lines, last = _LINE_END.split(text.removeprefix("\ufeff"))
    for line in lines:
        splitter.feed(line)
    return splitter.events, splitter.close(last)


class _Splitter:
    """The line machine of the event stream format."""

    def __init__(self) -> None:
        self.events: list[SseEvent] = []
        self._name = ""
        self._data: list[str] = []

    def feed(self, line: str) -> None:
        """Take one whole line; a blank one dispatches."""
        if not line:
            self._dispatch()
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            if self._name and self._data:
                self._dispatch()
            self._name = value
        elif field == "error" and value:
            self._dispatch()
            self._name, self._data = "error", [value]

    def close(self, last: str) -> bool:
        """Take what follows the last newline; whether that, or the event it belongs to, is partial."""
        field, colon, _ = last.partition(":")
        if colon:
            self.feed(last)
            partial = field in ("data", "error") and not _is_whole(self._data)
        else:
            partial = bool(last) and ("data".startswith(last) or "event".startswith(last))
        if not partial:
            partial = bool(self._name) and not self._data
            self._dispatch()
        return partial

    def _dispatch(self) -> None:
        if self._data:
            apart = len(self._data) > 1 and not _is_whole(self._data) and all(_is_whole([line]) for line in self._data)
            for data in self._data if apart else ["\n".join(self._data)]:
                self.events.append(SseEvent(self._name, data, len(self.events)))
        self._name, self._data = "", []


def _is_whole(lines: list[str]) -> bool:
    data = "\n".join(lines).strip()
    if data == DONE:
        return True
    try:
        jsontext.parse(data.encode("utf-8", "surrogatepass"))
    except jsontext.Unparsable:
        return False
    return True
