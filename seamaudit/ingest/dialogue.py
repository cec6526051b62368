"""Dialogues told once: each message where it stands, and the prompts they add up to, put together without telling them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import Members
from seamaudit.ingest.prompt import Prompt as Sent
from seamaudit.ingest.rejected import Rejected
from seamaudit.ingest.spoken import Message
from seamaudit.ingest.transcript import Prompt, Transcriber
from seamaudit.trace import Locus, Request

_LEADING = frozenset({"system", "developer"})


class _Shape(Protocol):
    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Sent:
        """Read a prompt."""
        ...


class Dialogue:
    """One conversation as it grows, in Chat Completions' spelling."""

    def __init__(self, shape_of: Callable[[str, frozenset[str], Any], _Shape | None], intern: Interner, base: str = "\0dialogue") -> None:
        shape = shape_of("/v1/chat/completions", frozenset({"messages"}), None)
        if shape is None:
            raise Rejected("unknown_body")
        self._transcriber = Transcriber(shape.prompt, intern)
        self._prompt = Prompt()
        self._spoken = False
        self.base = base

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not self._prompt.messages

    def say(self, messages: Iterable[Message], locus: Locus) -> None:
        """Append messages that stand at `locus`.

        What a system says in the middle is said on the caller's side: only what leads is in a prompt's system zone.
        """
        for message in messages:
            late = message["role"] in _LEADING and self._spoken
            told = {**message, "role": "user"} if late else message
            self._prompt.extend([self._transcriber.message(jsontext.respelled(told), locus)])
            self._spoken = self._spoken or message["role"] not in _LEADING

    def restart(self, *, complete: bool) -> None:
        """Begin a new prompt; `complete` is False where what it begins with is not recorded."""
        self._prompt = Prompt(complete=complete)
        self._spoken = False

    def request(self, model: str, *, streamed: bool = False) -> Request:
        """The request that is sent now."""
        return replace(self._transcriber.request(self._prompt, model, self.base), streamed=streamed)
