"""JSON: the whole report as one document of the versioned types."""

from __future__ import annotations

import json
from typing import Any, TextIO

from seamaudit.report.base import DocumentV1, members


def render(whole: DocumentV1, out: TextIO) -> None:
    """Write the report as one JSON document and a newline: pure ASCII, so that no locale can change a byte of it."""
    json.dump(whole, out, default=members, indent=2, allow_nan=False)
    out.write("\n")


def schema() -> dict[str, Any]:
    """The JSON Schema of what `render` writes, made from the versioned types; a line of the jsonl format is one of its parts."""
    import msgspec

    _, components = msgspec.json.schema_components([DocumentV1], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seamaudit report, schema version 1",
        "$ref": "#/$defs/DocumentV1",
        "$defs": components,
    }
