"""What a person says of a log of their own: where its records hold what is known of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from seamaudit.ingest import jsontext
from seamaudit.trace import Convention

Path = tuple[str, ...]
"""Keys, and indices of lists, from a record down to a value; () is the record itself."""
Scalar = str | int | float | bool

ITSELF: Final = "."
PATH: Final = r"^(?:\.|/(?:[^~]|~[01])*|[^/.]+(?:\.[^.]+)*)$"
"""How a path is spelled: dotted, as a JSON pointer, or `.` for the record itself."""
_INDEX: Final = re.compile(r"\d{1,9}\Z")
BODIES: Final = ("request", "response", "messages", "system", "tools", "answer", "error", "tags")
"""Values with parts of their own."""
TIMES: Final = ("started", "ended", "first_byte")
DURATIONS: Final = ("duration", "time_to_first_byte")
WORDS: Final = (
    *("model", "provider", "url", "status", "stop", "response_id", "streamed", "max_tokens", "cost"),
    *("id", "conversation", "sequence", "app", "agent", "team", "key", "user"),
)
"""Values without parts, which may be the same in every record."""
COUNTS: Final = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "reasoning", "total")
UNITS: Final[Mapping[str, float]] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class Place(Struct, frozen=True):
    """Where a value stands: at the first of some paths that holds one; else it is `value`, the same in every record. `unit` is that of
    a number that is a time or a duration, in seconds; None where it is not said."""

    paths: tuple[Path, ...] = ()
    value: Scalar | None = None
    unit: float | None = None


class Counts(Struct, frozen=True, kw_only=True):
    """Where the token counts stand: each in a place of its own by its name in COUNTS, or all in one object `at` in a provider's own
    words. `convention` says whether the input holds the cached tokens; unknown, arithmetic decides."""

    at: Place = Place()
    named: Mapping[str, Place] = field(default_factory=dict)
    convention: Convention = Convention.UNKNOWN


class LogMap(Struct, frozen=True, kw_only=True):
    """The whole of it: `places` by the names in BODIES, TIMES, DURATIONS and WORDS.

    `records` is where a line or a document holds its records, `where` what a record must say to be a call: any of some values at each
    path. `complete` says whether the messages are the whole prompt; None where that is not said.
    """

    places: Mapping[str, Place]
    usage: Counts | None = None
    records: Path = ()
    where: Mapping[Path, tuple[Scalar, ...]] = field(default_factory=dict)
    complete: bool | None = None


def parsed(spelled: str) -> Path:
    """A path as it is spelled; one that does not match PATH is not expected here."""
    if spelled == ITSELF:
        return ()
    if spelled.startswith("/"):
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in spelled[1:].split("/"))
    return tuple(spelled.split("."))


def pointer(path: Path) -> str:
    """A path as a JSON pointer."""
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path)


class Record:
    """A record that is looked into by paths. A text on the way that is JSON is opened; so is one at the end, where that is asked for."""

    def __init__(self, value: Any, at: str = "") -> None:
        self.at = at
        self._seen: dict[Path, Any] = {(): value}

    def held(self, path: Path) -> Any:
        """The value at a path, None where there is none."""
        if path not in self._seen:
            self._seen[path] = _step(opened(self.held(path[:-1])), path[-1])
        return self._seen[path]

    def found(self, place: Place) -> tuple[Any, str]:
        """The value of a place and its pointer, "" for one that is the same in every record."""
        for path in place.paths:
            value = self.held(path)
            if value is not None:
                return value, self.at + pointer(path)
        return place.value, ""


def records(value: Any, log: LogMap) -> Iterator[Record]:
    """The records of a line or a document: what stands at `log.records`, each item of it where it is a list."""
    held = opened(Record(value).held(log.records))
    at = pointer(log.records)
    if isinstance(held, list):
        yield from (Record(each, f"{at}/{number}") for number, each in enumerate(held))
    elif isinstance(held, dict):
        yield Record(held, at)


def is_call(record: Record, log: LogMap) -> bool:
    """Whether a record is one of a call."""
    return all(_is_one_of(record.held(path), values) for path, values in log.where.items())


def opened(value: Any) -> Any:
    """A value, or what a text holds that is a JSON object or list."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return jsontext.parse(value.encode("utf-8", "surrogatepass")).value
        except jsontext.Unparsable:
            return value
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and _INDEX.match(step) and int(step) < len(value):
        return value[int(step)]
    return None


def _is_one_of(value: Any, values: tuple[Scalar, ...]) -> bool:
    """Whether a value is one of some, true and 1 not being the same."""
    return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in values)
