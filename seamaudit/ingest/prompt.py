"""A request's prompt as it is put together: its members interned in wire order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from seamaudit.ingest import jsontext, rawjson
from seamaudit.ingest.blocks import EXPLICIT, word
from seamaudit.ingest.conform.schema import Declared
from seamaudit.ingest.intern import Interner, ItemSplitter, Splitter
from seamaudit.ingest.kept import Element
from seamaudit.ingest.rawarray import Array
from seamaudit.ingest.rawbody import RawBody
from seamaudit.ingest.rejected import Rejected
from seamaudit.ingest.withheld import worst
from seamaudit.trace import Breakpoint, Locus, OutputForm, Withheld, Zone
from seamaudit.trace.exchange import NOTHING

_ids, _is_plain = attrgetter("ids"), attrgetter("is_plain")

LITERAL = 48
"""Bytes up to which a parameter is kept as it is; longer ones by digest."""
DEFERRED = "deferred"
"""Note of a block by which tools may come in that the request does not list: tool search, deferred loading."""
INCOMPLETE = "incomplete"
"""Note of a block whose content the provider holds."""


class Members:
    """The members of a request body that are read as values."""

    def __init__(self, body: Mapping[str, bytes]) -> None:
        self.body = body
        self._names = frozenset(body)  # a shape asks for twenty, and five are there

    def raw(self, name: str) -> bytes | None:
        """A member's raw JSON, None where it is absent or null."""
        if name not in self._names:
            return None
        raw = bytes(self.body[name])  # a msgspec.Raw equals no bytes
        return None if raw == b"null" else raw

    def value(self, name: str) -> Any:
        """A member parsed, None where it is absent. Raises jsontext.Unparsable where it is no JSON."""
        raw = self.raw(name)
        return None if raw is None else jsontext.parse(raw).value

    def text(self, name: str) -> str:
        """A string member, "" where it is absent or something else."""
        return word(self.value(name))

    def number(self, *names: str) -> int | None:
        """The first integer among some members."""
        return next((value for name in names if isinstance(value := self.value(name), int) and not isinstance(value, bool)), None)

    def flag(self, name: str) -> bool:
        """Whether a member is true."""
        return self.raw(name) == b"true"

    def inner(self, *names: str) -> Members:
        """The members of the first member object among `names`; none where there is no such object."""
        raw = next((raw for name in names if (raw := self.raw(name)) is not None), b"{}")
        return Members(rawjson.members(raw) or {})

    def params(self, names: Iterable[str]) -> Mapping[str, str]:
        """The members among `names`, as short literals or digests."""
        return {name: literal(raw) for name in names if (raw := self.raw(name)) is not None} or NOTHING


class Prompt:
    """Collects segments, markers and sizes while a shape walks a body's members in wire order.

    Raises Rejected("unknown_body") where a member is not what the shape needs, jsontext.Unparsable where it is no JSON.
    """

    def __init__(self, api: str, body: Mapping[str, bytes], intern: Interner, locus: Locus) -> None:
        self._api = api.encode()
        self._body = body
        self._intern = intern
        self._locus = locus
        self.ids: list[int] = []
        self.breakpoints: list[Breakpoint] = []
        self.broken: list[tuple[str, str]] = []
        self.notes: set[str] = set()
        self.length = 0
        self.unsized = 0
        self.offered: frozenset[str] = frozenset()

    @property
    def withheld(self) -> Withheld | None:
        """What the recorder kept back of it."""
        return worst(note for note in self.notes if isinstance(note, Withheld))

    def tools(self, member: str, split: ItemSplitter, raw: bytes | None) -> None:
        """Tool definitions (or a single one, which Gemini takes too); their names are what the request offers."""
        if raw is not None:
            single = raw.startswith(b"{")
            element = self.whole(member, lambda value: split(value, ""), raw) if single else self.array(member, split, raw)
            names = self._intern.names(element.ids)
            self.offered = self.offered | names if self.offered else names

    def array(self, member: str, split: ItemSplitter, raw: bytes) -> Element:
        """A member that is an array repeated as a whole."""
        element = self._intern.array(raw, split, self._salt(member), self._locus)
        if element is None:
            raise Rejected("unknown_body")
        self.length += len(raw)
        self._take(element, f"/{member}")
        return element

    def whole(self, member: str, split: Splitter, raw: bytes) -> Element:
        """A member that is one value."""
        self.length += len(raw)
        element = self._intern.element(raw, split, self._salt(member), self._locus)
        self._take(element, f"/{member}")
        return element

    def turns(self, member: str, split: Splitter, leading: Splitter | None = None) -> None:
        """A member that is an array and grows: messages. `leading` splits its first elements as long as they are of the system zone."""
        salt = self._salt(member)
        raws = self._elements(member)
        self.length += raws.size if isinstance(raws, Array) else sum(map(len, raws))
        first = self._leading(raws, leading, salt + b"^") if leading is not None else []
        rest = self._intern.elements(raws, len(first), split, salt, self._locus)
        elements = [*first, *rest]
        passed = 0
        for index in _places(list(map(_is_plain, elements)), False):
            self.ids += chain.from_iterable(map(_ids, elements[passed:index]))
            self._take(elements[index], f"/{member}/{index}")
            passed = index + 1
        self.ids += chain.from_iterable(map(_ids, elements[passed:]))

    def _leading(self, raws: Sequence[bytes], split: Splitter, salt: bytes) -> list[Element]:
        out: list[Element] = []
        for raw in raws:
            element = self._intern.element(raw, split, salt, self._locus)
            if not element.ids or self._intern.tape.segments[element.ids[0]].zone is not Zone.SYSTEM:
                break
            out.append(element)
        return out

    def _elements(self, member: str) -> Sequence[bytes]:
        elements: Sequence[bytes] | None = None
        with suppress(msgspec.DecodeError):
            elements = self._body.elements(member) if isinstance(self._body, RawBody) else None
        if elements is None:
            elements = rawjson.elements(self._body.get(member, b"null"))
        if elements is None:
            raise Rejected("unknown_body")
        return elements

    def _salt(self, member: str) -> bytes:
        return b"%b/%b" % (self._api, member.encode())

    def _take(self, element: Element, pointer: str) -> None:
        base = len(self.ids)
        self.ids += element.ids
        self.unsized += element.unsized
        if element.marks:
            self.breakpoints += (Breakpoint(base + at + 1, ttl) for at, ttl in element.marks if base + at >= 0)
        if element.broken:
            self.broken += ((cause, pointer + path) for cause, path in element.broken)
        if element.notes:
            self.notes |= element.notes


def _places(values: Sequence[object], value: object) -> Iterator[int]:
    """Where a value stands in a sequence of few of it."""
    at = -1
    for _ in range(values.count(value)):
        at = values.index(value, at + 1)
        yield at


def openai_breakpoints(found: Iterable[Breakpoint], members: Members) -> tuple[Breakpoint, ...]:
    """OpenAI's own breakpoints live as long as `prompt_cache_options` say, 30 minutes unless told otherwise (prompt-caching guide)."""
    options = members.value("prompt_cache_options")
    given = options.get("ttl") if isinstance(options, dict) else None
    life = given if isinstance(given, str) and given else "30m"
    return tuple(replace(mark, ttl=life) if mark.ttl == EXPLICIT else mark for mark in found)


def output_form(intern: Interner, declared: Declared | None, *, json: bool = False) -> OutputForm | None:
    """The form a request asks its answer to have: a schema's, else any JSON where `json` says so, else none."""
    if declared is None:
        return OutputForm() if json else None
    key = jsontext.digest(b"%d%d%b" % (declared.is_openapi, declared.promised, jsontext.ordered(declared.value)))
    intern.schemas.put(key, declared)
    return OutputForm(key)


def literal(raw: bytes) -> str:
    """A parameter in compact JSON, or 16 hex digits of its digest where that is long."""
    text = jsontext.ordered(jsontext.parse(raw).value)
    return text.decode("utf-8", "replace") if len(text) <= LITERAL else jsontext.digest(text).hex()[:16]
