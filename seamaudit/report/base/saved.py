"""A saved result read again: as hostile as any other file, so its shape is checked and every string made safe once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from seamaudit.errors import UsageError
from seamaudit.evidence import printable
from seamaudit.report.base.v1 import SCHEMA_VERSION, DocumentV1, ExcerptV1, LocationV1, SiteV1

_HINT = "Write one with `seamaudit scan --output-format json`."


def load(data: bytes) -> DocumentV1:
    """The report that `data`, a document of the json format, holds.

    Raises UsageError for another version, for what is no such document and for one that contradicts itself; the message quotes
    nothing of it.
    """
    import msgspec

    _check_version(data)
    try:
        whole = msgspec.json.decode(data, type=DocumentV1)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"not a saved result: {_told(error)}", _HINT) from None
    _check_sense(whole)
    safe = _safe(whole)
    assert isinstance(safe, DocumentV1)
    return safe


def _check_version(data: bytes) -> None:
    import msgspec

    try:
        whole = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError("not a saved result: it is no JSON document", _HINT) from None
    version = whole.get("schema_version") if isinstance(whole, dict) else None
    if type(version) is not int:
        raise UsageError("not a saved result: it names no schema_version", _HINT)
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"a result of schema version {version if 0 <= version < 10**6 else 'unknown'}; this seamaudit reads {SCHEMA_VERSION}",
            "Render it with the version of seamaudit that wrote it, or scan again.",
        )


def _told(error: Exception) -> str:
    """Where the document is not what it should be. The error's own text would quote the value that stands there."""
    place = str(error).rpartition(" - at ")[2] if type(error).__name__ == "ValidationError" else ""
    return f"what stands at {place} does not fit" if place.startswith("`$") else "it does not fit the schema"


def _check_sense(whole: DocumentV1) -> None:
    for finding in whole.findings:
        if not len(finding.locations) == len(finding.calls) == len(finding.lanes):
            raise UsageError("not a saved result: a finding has more places than calls or lanes, or fewer", _HINT)
        if not finding.locations:
            raise UsageError("not a saved result: a finding stands nowhere", _HINT)


def _safe(value: Any) -> Any:
    """The value with every string in it safe to print and every place at a line that can be."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple):
        return tuple(map(_safe, value))
    if isinstance(value, Mapping):
        return {_safe(key): _safe(entry) for key, entry in value.items()}
    if not isinstance(value, Struct):
        return value
    clean: Any = replace(value, **{field.name: _safe(getattr(value, field.name)) for field in fields(value)})
    if isinstance(clean, LocationV1 | SiteV1):
        return replace(clean, line=min(max(clean.line, 0), 2**31 - 1))
    if isinstance(clean, ExcerptV1) and clean.at is not None:
        return replace(clean, at=min(max(clean.at, 0), len(clean.text)))
    return clean
