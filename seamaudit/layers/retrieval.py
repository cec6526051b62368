"""The retrieval layer: which texts were looked up, so that they can be recognised where they do not belong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Literal

from seamaudit.facts import Fact, fact
from seamaudit.layers.base import Scope
from seamaudit.trace import Exchange, Kind, Need, Segment

_WORDS = "search retrieve retrieval retriever lookup query knowledge kb rag docs documents passages vector semantic"
RETRIEVAL_WORDS = frozenset(_WORDS.split(" "))
"""Words that make a tool's name that of a retrieval tool; names are split at punctuation and case."""

MEMORY_WORDS = frozenset({"memory", "memories", "remember", "recall"})
"""Words that make a tool's name that of one that keeps notes from one conversation to the next."""

Source = Literal["document", "retrieval_tool", "memory", "tool"]


@fact("retrievals", needs=(Need.PROMPT,))
class Retrieval(Fact, frozen=True, kw_only=True):
    """A text that was looked up: a declared document, or a tool's result."""

    source: Annotated[Source, "What it is: declared as a document, of a retrieval or memory tool by the tool's name, or of any other tool."]
    tool: Annotated[str, "The tool that gave it, where one did."]
    text_prints: Annotated[bytes, "Keyed prints of the text."]


class RetrievalLayer:
    """Notes each looked-up text once, in the exchange of a thread that first carries it."""

    scope = Scope.THREAD

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._seen: set[int] = set()

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The looked-up texts among the positions this request does not share with the turn before."""
        prefix = exchange.request.prefix
        start = exchange.previous.shared if exchange.previous else 0
        ids = prefix.ids(start)
        new = set(ids) - self._seen
        self._seen |= new
        for at in [at for at, known in enumerate(ids) if known in new] if new else ():
            segment = prefix.tape.segments[ids[at]]
            if segment.kind is Kind.TOOL_CALL and segment.call_id:
                self._names[segment.call_id] = segment.name
            if not segment.prints or segment.id not in new:
                continue
            new.discard(segment.id)  # standing twice it is still one text
            tool = segment.name or self._names.get(segment.call_id, "")
            yield Retrieval(
                exchange=exchange.id,
                thread=exchange.thread.id,
                app=exchange.attribution.app,
                locus=exchange.place(start + at),
                source=_source(segment, tool),
                tool=tool,
                text_prints=segment.prints,
            )

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()


def _source(segment: Segment, tool: str) -> Source:
    if segment.retrieved or segment.kind is Kind.DOCUMENT:
        return "document"
    if not MEMORY_WORDS.isdisjoint(_words(tool)):
        return "memory"
    return "retrieval_tool" if is_retrieval_name(tool) else "tool"


@lru_cache(maxsize=1024)  # a trace calls few tools, and each of them with every turn
def is_retrieval_name(name: str) -> bool:
    """Whether a tool is named like one that looks things up."""
    return not RETRIEVAL_WORDS.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    return "".join(f" {c.lower()}" if c.isupper() else c if c.isalnum() else " " for c in name[:128]).split()


@fact("retrieved_contexts", needs=(Need.PROMPT,))
class RetrievedContext(Fact, frozen=True, kw_only=True):
    """A request that carries looked-up text which the turn before did not carry."""

    suite: Annotated[str, "The eval suite it belongs to, as declared; empty for production traffic."]
    passages: Annotated[int, "How many looked-up texts are new."]
    context: Annotated[str, "A digest of these, in their order."]
    question: Annotated[str, "A digest of everything else that is new."]


class Contexts:
    """Digests what each request adds. `suite_of` names the eval suite of an exchange, "" where it is none's."""

    scope = Scope.THREAD

    def __init__(self, suite_of: Callable[[Exchange], str]) -> None:
        self._suite_of = suite_of
        self._tools: dict[str, str] = {}

    def feed(self, exchange: Exchange) -> Iterable[Fact]:
        """The request's new looked-up texts, if it has some."""
        found: list[Segment] = []
        rest: list[Segment] = []
        for segment in _new(exchange):
            kind = segment.kind
            if kind is Kind.TOOL_CALL and segment.call_id:
                self._tools[segment.call_id] = segment.name
            if self._is_looked_up(segment, kind):
                found.append(segment)
            elif kind is Kind.TEXT or kind is Kind.TOOL_CALL:
                rest.append(segment)
        if not found:
            return
        yield RetrievedContext(
            exchange=exchange.id,
            thread=exchange.thread.id,
            app=exchange.attribution.app,
            locus=exchange.locus,
            suite=self._suite_of(exchange),
            passages=len(found),
            context=_digest(segment.outcome or segment.ordered for segment in found),
            question=_digest(segment.arguments or segment.ordered for segment in rest),
        )

    def close(self) -> Iterable[Fact]:
        """Nothing is left to say."""
        return ()

    def _is_looked_up(self, segment: Segment, kind: Kind) -> bool:
        if segment.retrieved or kind is Kind.DOCUMENT:
            return True
        return kind is Kind.TOOL_RESULT and is_retrieval_name(segment.name or self._tools.get(segment.call_id, ""))


def _new(exchange: Exchange) -> Iterable[Segment]:
    """What a request carries and the turn before did not, wherever it stood there: a head that changes makes nothing behind it new."""
    prefix, link = exchange.request.prefix, exchange.previous
    if link is None:
        return prefix.segments()
    before = set(link.prefix.ids(link.shared))
    return [prefix.tape.segments[each] for each in prefix.ids(link.shared) if each not in before]


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest()
