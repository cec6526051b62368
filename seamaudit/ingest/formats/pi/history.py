"""The history of a pi session: rows name their parents, and a compaction keeps the last of what it sums up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field

from seamaudit.ingest.transcript import Message, Prompt


class Entry(Struct, frozen=True):
    """A row's place: its parent, what it adds to the prompt, and where it is a compaction the first row that is kept."""

    parent: str | None
    message: Message | None = None
    keeps_from: str | None = None


class History(Struct):
    """All rows by id. `unanswered` makes the message the client answers a call with whose result it has not.

    What comes while a call is open waits: where the result follows in the file, the rows were sent as they stand, the result behind what
    came between; where none does, the client's answer takes its place before them.
    """

    unanswered: Callable[[str], Message]
    entries: dict[str, Entry] = field(default_factory=dict)
    _at: str | None = None
    _prompt: Prompt = field(default_factory=Prompt)
    _open: list[str] = field(default_factory=list)
    _waiting: list[Message] = field(default_factory=list)

    def add(self, id: str, entry: Entry) -> None:
        """Take the next row; where it follows the last one, the prompt at hand grows by it."""
        self.entries[id] = entry
        if entry.parent == self._at and entry.keeps_from is None:
            self._say([entry])
            self._at = id
        else:
            self._tell(id)

    def prompt(self, parent: str | None) -> Prompt:
        """What a call below a row is sent with. Calls still open are answered for, as the client does it."""
        if parent != self._at:
            self._tell(parent)
        self._answer()
        return self._prompt.copy()

    def _tell(self, id: str | None) -> None:
        """Tell the history again from its beginning, or from the last compaction."""
        self._prompt, self._open, self._waiting, self._at = Prompt(), [], [], id
        self._say(self._context(id))

    def _context(self, id: str | None) -> list[Entry]:
        """The rows of the context in order: the last summary, what it kept, what followed."""
        way = list(self._way(id))
        at = next((at for at, (_, entry) in enumerate(way) if entry.keeps_from is not None), None)
        if at is None:
            return [entry for _, entry in reversed(way)]
        compaction, above = way[at][1], way[at + 1 :]
        kept = next((upto for upto, (name, _) in enumerate(above, 1) if name == compaction.keeps_from), 0)
        before = [entry for _, entry in reversed(above[:kept]) if entry.keeps_from is None]
        return [compaction, *before, *(entry for _, entry in reversed(way[:at]))]

    def _way(self, id: str | None) -> Iterator[tuple[str, Entry]]:
        for _ in range(len(self.entries)):
            entry = self.entries.get(id) if id is not None else None
            if id is None or entry is None:
                self._prompt.complete = id is None
                return
            yield id, entry
            id = entry.parent

    def _say(self, entries: Iterable[Entry]) -> None:
        for message in (entry.message for entry in entries if entry.message is not None):
            if message.results:
                self._resume()
                self._open = [call for call in self._open if call not in message.results]
            elif message.calls:
                self._answer()
            elif self._open:
                self._waiting.append(message)
                continue
            self._prompt.extend([message])
            self._open += message.calls

    def _answer(self) -> None:
        self._prompt.extend(self.unanswered(call) for call in self._open)
        self._open = []
        self._resume()

    def _resume(self) -> None:
        self._prompt.extend(self._waiting)
        self._waiting = []
