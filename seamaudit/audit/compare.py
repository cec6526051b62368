"""Two requests, read and set side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from seamaudit.audit.inputs import Progress, opened
from seamaudit.audit.replay import exchanges
from seamaudit.config import Settings
from seamaudit.errors import UsageError
from seamaudit.evidence import Evidence
from seamaudit.facts import FactBase
from seamaudit.forensics.diff import Diff, Ref, diff
from seamaudit.providers.prices import PriceBook
from seamaudit.trace import Exchange, Source


class Compared(Struct, frozen=True):
    """Two requests compared, what their first difference looks like, and the sources they stand in."""

    diff: Diff
    evidence: Evidence | None
    sources: tuple[Source, ...]


def compare(a: str, b: str, paths: Sequence[str], settings: Settings, progress: Progress | None = None, *, values: bool = True) -> Compared:
    """Compare two requests, each named `file:line`, by its response's id or `thread:turn`, in `paths` or the files that they name.

    Without `values` no text is read again, and there is no evidence.

    Raises UsageError where a name answers to no request, or to several, and what `audit` raises.
    """
    refs = Ref(a), Ref(b)
    named_files = [ref.place[0] for ref in refs if ref.place is not None]
    wanted = list(dict.fromkeys([*named_files, *paths]))
    if not wanted:
        raise UsageError("no recording is named", "Name requests as FILE:LINE, or the recordings after both of them.")
    with opened(wanted, settings, progress) as inputs:
        picked: tuple[list[Exchange], list[Exchange]] = ([], [])
        turns: Counter[str] = Counter()
        for exchange in exchanges(inputs, FactBase()):
            turns[exchange.thread.id] += 1
            for ref, found in zip(refs, picked, strict=True):
                if ref.names(exchange, inputs.discovery.sources, turns[exchange.thread.id]):
                    found.append(exchange)
        inputs.refuse_unrecognised()
        one, other = (ref.one_of(found) for ref, found in zip(refs, picked, strict=True))
        result = diff(one, other, inputs.intern.texts.get, PriceBook(own=settings.prices))
        (evidence,) = inputs.evidence([result.evidence_ref if values else None], settings.show_content)
    return Compared(result, evidence, tuple(inputs.discovery.sources))
