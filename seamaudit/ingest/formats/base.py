"""The faces of a recording format and of a provider's body shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from seamaudit.ingest.draft import Draft
from seamaudit.ingest.faults import InputFault
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.prompt import Members, Prompt
from seamaudit.ingest.rejected import Rejected
from seamaudit.ingest.sse import SseEvent
from seamaudit.trace import Hole, Locus, Request, Response

__all__ = ["BodyShape", "Format", "Found", "RawBody", "RecordReader", "Rejected", "ShapeOf", "WholeFileReader"]

RawBody = Mapping[str, bytes]
"""A request body as raw JSON slices by top-level key: what is repeated from turn to turn is hashed, not parsed."""


class BodyShape(Protocol):
    """One provider's body language. Request members come as raw slices; responses are new content and come parsed.

    `api` is the shape's name, `provider` who speaks it unless the host says otherwise.
    """

    api: str
    provider: str

    def matches(self, path: str, keys: frozenset[str]) -> bool:
        """Whether a request to URL path `path` (may be "") with these body keys is of this shape."""
        ...

    def request(self, body: RawBody, path: str, at: str, base: str, intern: Interner, locus: Locus) -> Request:
        """Read a request. `at` is the body's pointer in the record, `base` the compression base for its prefix."""
        ...

    def prompt(self, members: Members, intern: Interner, locus: Locus) -> Prompt:
        """Read what of a request's members is its prompt, in the order in which the provider renders it."""
        ...

    def response(self, payload: Any, at: str, status: int | None) -> Response:
        """Read a whole (not streamed) response or error body, already parsed."""
        ...

    def stream(self, events: Iterable[SseEvent], partial_tail: bool, at: str, status: int | None, host: str, path: str) -> Response:
        """Assemble a response from its events; what was cut stays cut, and the StreamRecord says so."""
        ...


ShapeOf = Callable[[str, frozenset[str], Any], BodyShape | None]
"""Finds the shape of a request from its URL path, its body's keys and the parsed answer; None where nothing claims it."""


Found = Draft | Hole | InputFault
"""What a record gives: drafts, and what is said of a part of it that was lost (`faults.lost`)."""


class RecordReader(Protocol):
    """Turns one record's bytes into drafts."""

    def __call__(self, data: bytes, locus: Locus) -> Iterator[Found]:
        """The drafts of one record. Raises Rejected or jsontext.Unparsable where it holds none."""
        ...


@runtime_checkable
class WholeFileReader(RecordReader, Protocol):
    """Reads a format whose unit is the file: its records are not exchanges, they tell of some together.

    Called with each record in order, it may give nothing; `close` follows at the end of the source.
    """

    def close(self) -> Iterator[Found]:
        """The drafts that only the whole source can tell."""
        ...


class Format(Protocol):
    """One recording format: detection apart from extraction.

    `container` says whether a record is a line or the file is one document.
    """

    @property
    def name(self) -> str:
        """What the format is called, on the command line and in reports."""
        ...

    @property
    def container(self) -> Literal["lines", "document"]:
        """Whether a record is a line or the whole file."""
        ...

    def detect(self, head: bytes) -> int:
        """How surely the first 64 KB of a file are of this format: 0 not at all, 100 beyond doubt."""
        ...

    def open(self, intern: Interner) -> RecordReader:
        """A fresh record reader for one source."""
        ...
