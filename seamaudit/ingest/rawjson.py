"""JSON taken apart without being parsed: the raw slices of an array or an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from seamaudit.ingest import jsontext

_array: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_object: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def elements(data: bytes) -> Sequence[bytes] | None:
    """The raw elements of a JSON array, None where the value is no array. Raises jsontext.Unparsable where it is no JSON.

    What the fast splitter refuses (a lone surrogate, say) is parsed leniently and spelled again, element by element.
    """
    try:
        return _array.decode(data)
    except _REFUSALS:
        value = jsontext.parse(data).value
    return [jsontext.spelled(item) for item in value] if isinstance(value, list) else None


def members(data: bytes) -> Mapping[str, bytes] | None:
    """The raw members of a JSON object, None where the value is no object. Raises jsontext.Unparsable where it is no JSON."""
    try:
        return _object.decode(data)
    except _REFUSALS:
        value = jsontext.parse(data).value
    return {key: jsontext.spelled(item) for key, item in value.items()} if isinstance(value, dict) else None
