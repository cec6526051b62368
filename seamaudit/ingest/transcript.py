"""Transcripts: messages recorded one at a time, and the prompts they add up to.

Every message is interned once, when it is read; a prompt is put together from ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct, field

from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import Members
from seamaudit.ingest.prompt import Prompt as Sent
from seamaudit.ingest.rawbody import RawBody
from seamaudit.trace import Kind, Level, Locus, Need, Request

LEVEL: Final = Level.MESSAGES
LACKS: Final[Mapping[Need, str]] = {
    Need.TOOLS: "tool definitions are not recorded",
    Need.STREAM: "a session file keeps messages, not streams",
    Need.CACHE_CONTRACT: "system prompt and tools are not recorded",
}
"""What no agent's session file holds."""

Ask = Callable[[Members, Interner, Locus], Sent]
"""A body shape's reading of a prompt: a request's members, interner, place."""


class Message(Struct, frozen=True):
    """One message as interned: its segment ids, its bytes (and those that are no measure of tokens), the broken text in it,
    and the ids of the calls it makes and of the calls it answers."""

    ids: tuple[int, ...]
    length: int
    unsized: int
    broken: tuple[tuple[str, str], ...]
    calls: tuple[str, ...]
    results: tuple[str, ...]


class Prompt(Struct):
    """A prompt as it grows by messages. `complete` is False where earlier messages are not in the file."""

    ids: list[int] = field(default_factory=list)
    messages: int = 0
    length: int = 0
    unsized: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = True

    def copy(self) -> Prompt:
        """One that can grow on its own."""
        return Prompt(list(self.ids), self.messages, self.length, self.unsized, list(self.broken), self.complete)

    def extend(self, messages: Iterable[Message]) -> None:
        """Append messages."""
        for message in messages:
            self.broken += ((cause, _moved(pointer, self.messages)) for cause, pointer in message.broken)
            self.ids += message.ids
            self.length += message.length
            self.unsized += message.unsized
            self.messages += 1


class Transcriber(Struct, frozen=True):
    """Interns messages in one body shape, and makes requests of prompts."""

    ask: Ask
    intern: Interner

    def message(self, raw: bytes, locus: Locus) -> Message:
        """Intern one message, which stands at `locus`. Raises Rejected or jsontext.Unparsable where it is none."""
        sent = self.ask(Members(RawBody({"messages": b"[%b]" % raw})), self.intern, locus)
        segments = [self.intern.tape.segments[each] for each in sent.ids]
        return Message(
            ids=tuple(sent.ids),
            length=sent.length,
            unsized=sent.unsized,
            broken=tuple(sent.broken),
            calls=tuple(segment.call_id for segment in segments if segment.kind is Kind.TOOL_CALL),
            results=tuple(segment.call_id for segment in segments if segment.kind is Kind.TOOL_RESULT),
        )

    def request(self, prompt: Prompt, model: str, base: str) -> Request:
        """The request a prompt was sent with; `base` is the conversation it is compressed in."""
        return Request(
            model=model,
            at="",
            prefix=self.intern.prefix(prompt.ids, base),
            complete=prompt.complete,
            offered=None,
            streamed=True,
            length=prompt.length,
            unsized=prompt.unsized,
            broken=tuple(prompt.broken),
            scattered=True,
        )


def lacks(request: Request, *, answered: bool = True, used: bool = True, timed: bool = True) -> dict[Need, str]:
    """What one call of a session lacks."""
    return dict(_lacks(request, answered, used, timed))


def _lacks(request: Request, answered: bool, used: bool, timed: bool) -> Iterator[tuple[Need, str]]:
    yield from LACKS.items()
    if not request.complete:
        yield Need.PROMPT, "earlier messages of the session are not in the file"
    if not request.model:
        yield Need.MODEL, "no model is named"
    if not answered:
        yield Need.RESPONSE, "the call broke off"
    if not used:
        yield Need.USAGE, "the call broke off before its usage was told"
    if not timed:
        yield Need.TIME, "no wall-clock time is recorded"


def _moved(pointer: str, index: int) -> str:
    """A pointer into the only message, as one into the message at `index`."""
    _, array, _, *rest = pointer.split("/")
    return "/".join(["", array, str(index), *rest])
