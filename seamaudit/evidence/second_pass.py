"""The second pass: the records that findings quote, each read once, in the order of the trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from seamaudit.evidence.excerpt import Evidence, EvidenceRef, Excerpt, excerpt
from seamaudit.ingest import jsontext
from seamaudit.ingest.reread import Rereader
from seamaudit.trace import Locus
from seamaudit.trace.prefix import common_prefix

CHANGED = "changed since read"
EQUAL = "the texts are equal; they differ in how they are marked or placed"


def collect(refs: Sequence[EvidenceRef | None], records: Rereader, show_content: bool = False) -> list[Evidence | None]:
    """The evidence behind each reference, in their order; None for None. Raises nothing for any content.

    A text that is no longer there, or no longer parts where the layer saw it part, is marked CHANGED.
    """
    loci = [locus for ref in refs if ref for locus in (ref.was, ref.now) if locus]
    texts = _texts(loci, records)
    return [_evidence(ref, texts, show_content) if ref else None for ref in refs]


def _texts(loci: Iterable[Locus], records: Rereader) -> dict[Locus, str]:
    """The text at each place; those that cannot be found again are missing."""
    wanted: dict[Locus, set[Locus]] = defaultdict(set)
    for locus in loci:
        wanted[replace(locus, pointer="")].add(locus)
    texts: dict[Locus, str] = {}
    for record, data in records.read(wanted):
        for locus, text in _record_texts(data, wanted[record]):
            texts[locus] = text
    return texts


def _record_texts(data: bytes, loci: Iterable[Locus]) -> Iterable[tuple[Locus, str]]:
    try:
        record = jsontext.parse(data).value
    except jsontext.Unparsable:
        # A record that is no JSON can still be quoted as a whole: that it cannot be read may be the finding.
        record = data.decode("utf-8", "replace")
    for locus in loci:
        try:
            yield locus, _text(_resolve(record, locus.pointer))
        except LookupError:
            continue


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


def _text(value: Any) -> str:
    """What a layer compared: the bare text of a text block, else its JSON in one spelling, without its cache marker."""
    if isinstance(value, dict):
        value = {key: member for key, member in value.items() if key != "cache_control"}
        if isinstance(text := value.get("text"), str) and str(value.get("type", "text")).endswith("text"):
            return text
    return value if isinstance(value, str) else jsontext.ordered(value).decode("utf-8", "surrogatepass")


def _evidence(ref: EvidenceRef, texts: Mapping[Locus, str], show_content: bool) -> Evidence:
    was, now = (texts.get(locus) if locus else None for locus in (ref.was, ref.now))
    lost = (ref.was is not None and was is None) or (ref.now is not None and now is None)
    if was is None or now is None:
        return Evidence(_beginning(was, show_content), _beginning(now, show_content), CHANGED if lost else "")
    if was == now:
        return Evidence(None, _beginning(now, show_content), EQUAL if ref.diverges_at is None else CHANGED)
    at = common_prefix(was, now)
    moved = ref.diverges_at is not None and ref.diverges_at != common_prefix(_bytes(was), _bytes(now))
    return Evidence(excerpt(was, at, show_content), excerpt(now, at, show_content), CHANGED if moved else "")


def _beginning(text: str | None, show_content: bool) -> Excerpt | None:
    return None if text is None else excerpt(text, None, show_content)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
