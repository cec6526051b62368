"""AWS event streams (application/vnd.amazon.eventstream) that a recorder kept as text.

The binary parts (lengths, checksums) are lost then, but the headers and the JSON payloads are plain ASCII and UTF-8 between them. A
header's value is marked by control characters that JSON must escape, so that no payload can look like a header.
"""

from __future__ import annotations

import base64
import binascii
import json
import re

_HEADER = re.compile(r":(?:event|exception)-type\x07\x00(.)", re.DOTALL)
_HEAD = 256
_decoder = json.JSONDecoder()


def recognised(text: str) -> bool:
    """Whether the text begins with such a stream's first frame."""
    return _HEADER.search(text, 0, _HEAD) is not None


def split(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Each frame's event or exception name and its JSON payload, and whether the last frame is cut.

    InvokeModel's `chunk` frames are unwrapped: their payload is the model's own event, without a name. A payload that is no JSON is
    given as it stands.
    """
    headers = list(_HEADER.finditer(text))
    out: list[tuple[str, str]] = []
    for at, header in enumerate(headers):
        last = at + 1 == len(headers)
        end = len(text) if last else headers[at + 1].start()
        name = text[header.end() : header.end() + ord(header[1])]
        payload = _payload(text[header.end() + len(name) : end])
        if payload is None and last:
            return out, True
        out.append(_unwrapped(name, payload or ""))
    return out, False


def _payload(frame: str) -> str | None:
    start = frame.find("{")
    if start < 0:
        return None
    try:
        _, end = _decoder.raw_decode(frame, start)
    except (ValueError, RecursionError):
        return None
    return frame[start:end]


def _unwrapped(name: str, payload: str) -> tuple[str, str]:
    if name != "chunk":
        return name, payload
    try:
        inner = json.loads(payload)["bytes"]
        return "", base64.b64decode(inner, validate=True).decode("utf-8", "replace")
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return name, payload
