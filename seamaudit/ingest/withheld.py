"""Content that a recorder kept back: how it shows, and what a call lacks by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from seamaudit.ingest.block import Block
from seamaudit.ingest.draft import Draft
from seamaudit.ingest.resync import pieces
from seamaudit.trace import Kind, Need, Withheld

_MARKS: Final[Mapping[str, Withheld]] = {
    "redacted-by-litellm": Withheld.REDACTED,
    "__REDACTED__": Withheld.REDACTED,
    "<fully masked due to failed mask function>": Withheld.REDACTED,
    "<truncated due to size exceeding limit>": Withheld.CUT,
}
"""What recorders write in place of a whole text: LiteLLM (docs.litellm.ai, proxy/logging, "Redact Messages, Response Content"),
OpenInference (its configuration specification, "Redacted Content"), Langfuse (langfuse.com/docs/observability/features/masking, and the
size limit of its SDKs)."""
_LONGEST: Final = max(map(len, _MARKS)) + 8
_MASK: Final = re.compile(r"\[(?i:redacted|masked|filtered|scrubbed)\]|<(?i:redacted|masked|filtered|scrubbed)>|REDACTED|[*\u2588]{5,}")
_SHORTENED: Final = re.compile(r"\.\.\. \(litellm_truncated (?:skipped )?\d{1,12} chars")
"""LiteLLM's spend logs shorten every long text and say so in its middle or at its end (MAX_STRING_LENGTH_PROMPT_IN_DB)."""

_LACKS: Final[Mapping[tuple[Need, Withheld], str]] = {
    (Need.PROMPT, Withheld.REDACTED): "the messages were redacted",
    (Need.PROMPT, Withheld.MASKED): "the messages were redacted",
    (Need.PROMPT, Withheld.CUT): "the messages were cut off at a length",
    (Need.RESPONSE, Withheld.REDACTED): "the answer was redacted",
    (Need.RESPONSE, Withheld.MASKED): "the answer was redacted",
    (Need.RESPONSE, Withheld.CUT): "the response body was cut",
}


def mark(text: str) -> Withheld | None:
    """What a whole text stands for, None where it stands for itself."""
    if len(text) > _LONGEST:
        return None
    bare = text.strip()
    return _MARKS.get(bare) or (Withheld.MASKED if _MASK.fullmatch(bare) else None)


def body_withheld(text: str) -> Withheld | None:
    """Whether a body that is no JSON is the beginning of an object, or a mark in the place of one. Objects line by line are whole."""
    if not text.startswith("{"):
        return mark(text)
    parts = pieces(text.encode("utf-8", "surrogatepass"))
    return Withheld.CUT if parts.unfinished and not parts.values else None


def in_blocks(blocks: Iterable[Block]) -> Iterable[Withheld]:
    """What is kept back in some blocks. A tool may well return such a word as `[REDACTED]`: of its results only a recorder's own count."""
    for block in blocks:
        found = of_block(block)
        if found is not None:
            yield found


def of_block(block: Block) -> Withheld | None:
    """What is kept back in one block."""
    if block.kind is Kind.TEXT:
        text = block.value.get("text") if isinstance(block.value, dict) else block.value
        return mark(text) if isinstance(text, str) else None
    found = mark(block.text) if block.kind is Kind.TOOL_RESULT and block.text else None
    return None if found is Withheld.MASKED else found


def shortened(texts: Iterable[str]) -> Withheld | None:
    """Whether one of a spend log's texts was cut."""
    return Withheld.CUT if any(_SHORTENED.search(text) for text in texts) else None


def worst(found: Iterable[Withheld]) -> Withheld | None:
    """The surest of what was found, None of nothing."""
    held = set(found)
    return next((each for each in Withheld if each in held), None)


def without(draft: Draft) -> Draft:
    """The draft, told apart from one whose content is all there: what was kept back is lacking, whatever stands in its place."""
    request, response = draft.request, draft.response
    kept = response and (response.withheld or worst(answer.withheld for answer in response.answers if answer.withheld))
    if request.withheld is None and not kept:
        return draft
    lacks = dict(draft.lacks)
    if request.withheld is not None:
        lacks[Need.PROMPT] = _LACKS[Need.PROMPT, request.withheld]
        lacks.setdefault(Need.CACHE_CONTRACT, lacks[Need.PROMPT])
        request = replace(request, complete=False)
    if response is not None and kept:
        lacks[Need.RESPONSE] = _LACKS[Need.RESPONSE, kept]
        response = replace(response, complete=False, withheld=kept)
    return replace(draft, request=request, response=response, lacks=lacks)
