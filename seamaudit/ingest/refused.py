"""Reading an error body: what its text says goes into a Refusal, the text is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seamaudit.ingest.blocks import code, fields, word
from seamaudit.providers.refusals import explain
from seamaudit.trace import Refusal


def refusal(sent: Mapping[str, Any], status: int | None) -> Refusal | None:
    """What an error body says; None where it is no refusal or is not understood.

    Providers put the text into `error.message`, into `message` (Bedrock), into `error` itself or into `detail`.
    """
    if status is not None and not 400 <= status < 500:
        return None
    error = fields(sent.get("error"))
    text = word(error.get("message")) or word(sent.get("message")) or word(sent.get("error")) or word(sent.get("detail"))
    return explain(text, code(error.get("code")), code(error.get("type")), code(sent.get("code")))
