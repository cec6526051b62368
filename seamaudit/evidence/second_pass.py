"""The second pass: the records that findings quote, each read once, in the order of the trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from seamaudit.evidence.excerpt import Evidence, EvidenceRef, Excerpt, excerpt
from seamaudit.ingest import jsontext
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.formats.base import Format, WholeFileReader
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.reread import Rereader
from seamaudit.trace import Locus
from seamaudit.trace.prefix import common_prefix

CHANGED = "changed since read"
EQUAL = "the texts are equal; they differ in how they are marked or placed"


class _Quote(Struct, frozen=True):
    """The text at a place; `exact` where it is the very text that layers compared, so that offsets in it can be checked."""

    text: str
    exact: bool


def collect(
    refs: Sequence[EvidenceRef | None],
    records: Rereader,
    formats: Mapping[int, Format] | None = None,
    show_content: bool = False,
) -> list[Evidence | None]:
    """The evidence behind each reference, in their order; None for None. Raises nothing for any content.

    `formats` says, by source, how its records are adapted: prompt positions are then quoted as layers saw them, anything
    else as the JSON found at its pointer. What is no longer there, or no longer parts where a layer saw it part, is CHANGED.
    """
    loci = [locus for ref in refs if ref for locus in (ref.was, ref.now) if locus]
    quotes = _quotes(loci, records, formats or {})
    return [_evidence(ref, quotes, show_content) if ref else None for ref in refs]


def _quotes(loci: Iterable[Locus], records: Rereader, formats: Mapping[int, Format]) -> dict[Locus, _Quote]:
    """What stands at each place; places that are gone are missing."""
    wanted: dict[Locus, set[str]] = defaultdict(set)
    for locus in loci:
        wanted[replace(locus, pointer="")].add(locus.pointer)
    quotes: dict[Locus, _Quote] = {}
    intern = Interner()
    for record, data in records.read(wanted):
        adapter = formats.get(record.source)
        sent = _prompt(data, record, wanted[record], adapter, intern)
        found = _pointed(data, wanted[record] - sent.keys())
        quotes |= {record.at(pointer): _Quote(text, exact=True) for pointer, text in sent.items()}
        quotes |= {record.at(pointer): _Quote(text, exact=False) for pointer, text in found.items()}
    return quotes


def _prompt(data: bytes, record: Locus, pointers: Set[str], adapter: Format | None, intern: Interner) -> dict[str, str]:
    """The texts of a record's prompt at some pointers, read again the way they were read first."""
    if adapter is None:
        return {}
    try:
        reader = adapter.open(intern)
        found = [*reader(data, record), *(reader.close() if isinstance(reader, WholeFileReader) else ())]
    except Exception:  # as in the first read a record that cannot be adapted costs itself, not the run
        return {}
    texts: dict[str, str] = {}
    for request in (each.request for each in found if isinstance(each, Draft)):
        places = request.pointers(range(request.prefix.length)).values()
        for pointer, segment in zip(places, request.prefix.segments(), strict=True):
            if pointer in pointers:
                text = intern.texts.get(segment.id)
                assert text is not None  # of a segment that was just read
                texts[pointer] = text.decode("utf-8", "surrogatepass")
    return texts


def _pointed(data: bytes, pointers: Set[str]) -> dict[str, str]:
    """The values that JSON pointers lead to."""
    if not pointers:
        return {}
    try:
        record = jsontext.parse(data).value
    except jsontext.Unparsable:
        # A record that is no JSON can still be quoted as a whole: that it cannot be read may be the finding.
        record = data.decode("utf-8", "replace")
    texts: dict[str, str] = {}
    for pointer in pointers:
        with suppress(LookupError):
            value = _resolve(record, pointer)
            texts[pointer] = value if isinstance(value, str) else jsontext.ordered(value).decode("utf-8", "surrogatepass")
    return texts


def _resolve(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), through bodies that were logged as JSON text. Raises LookupError."""
    for token in pointer.split("/")[1:]:
        if isinstance(value, str):
            value = _unquoted(value)
        if isinstance(value, dict):
            value = value[token.replace("~1", "/").replace("~0", "~")]
        elif isinstance(value, list) and token.isascii() and token.isdigit() and len(token) < 10:
            value = value[int(token)]
        else:
            raise LookupError(pointer)
    return value


def _unquoted(text: str) -> Any:
    try:
        return jsontext.parse(text.encode("utf-8", "surrogatepass")).value
    except jsontext.Unparsable:
        raise LookupError from None


def _evidence(ref: EvidenceRef, quotes: Mapping[Locus, _Quote], show_content: bool) -> Evidence:
    was, now = (quotes.get(locus) if locus else None for locus in (ref.was, ref.now))
    lost = (ref.was is not None and was is None) or (ref.now is not None and now is None)
    if was is None or now is None:
        return Evidence(_beginning(was, show_content), _beginning(now, show_content), CHANGED if lost else "")
    if was.text == now.text:
        return Evidence(None, _beginning(now, show_content), EQUAL if ref.diverges_at is None else CHANGED)
    at = common_prefix(was.text, now.text)
    checked = ref.diverges_at is not None and was.exact and now.exact
    moved = checked and ref.diverges_at != common_prefix(_bytes(was.text), _bytes(now.text))
    return Evidence(excerpt(was.text, at, show_content), excerpt(now.text, at, show_content), CHANGED if moved else "")


def _beginning(quote: _Quote | None, show_content: bool) -> Excerpt | None:
    return None if quote is None else excerpt(quote.text, None, show_content)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
