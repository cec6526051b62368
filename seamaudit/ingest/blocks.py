"""What body shapes share in making blocks: spelling, markers, texts, arguments, codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import Any, Final
from urllib.parse import unquote

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.block import Block
from seamaudit.ingest.intern import block_digest
from seamaudit.ingest.outcome import spelled_arguments
from seamaudit.ingest.trouble import is_troubled
from seamaudit.ingest.withheld import of_block
from seamaudit.trace import Answer, ArgumentState, Kind

EMPTY_OBJECT = jsontext.digest(b"{}")
EXPLICIT = "explicit"
"""The life of OpenAI's `prompt_cache_breakpoint`; how long that is, the request's `prompt_cache_options` say."""
SHORT: Final = 128
"""Characters up to which a string is a word, of which one is enough."""
_CODE = re.compile(r"[\w.:/-]{1,64}\Z", re.ASCII)
_MODEL = re.compile(r"/(?:models?|deployments)/([^/]+?)(?::[a-zA-Z]+)?(?:/|\Z)")
_OPENING = re.compile(r"<(documents?|context|search_results?|retrieved[\w-]{0,40}|passages?)(?:\s[^<>]{0,400})?>", re.IGNORECASE)
_OPAQUE = frozenset({"data", "encrypted_content", "encrypted_stdout", "signature", "id", "type", "bytes", "image_url", "file_data"})


def word(value: Any) -> str:
    """A string as it is, "" for anything else. What is short is held once: roles, names, models and ids recur."""
    if not isinstance(value, str):
        return ""
    return intern(value) if len(value) <= SHORT else value


def signature(*signs: Any) -> bytes:
    """The digests of what a provider signs reasoning with, as far as it is there."""
    return b"".join(jsontext.digest(sign.encode("utf-8", "surrogatepass")) for sign in signs if isinstance(sign, str) and sign)


def items(value: Any) -> list[Any]:
    """A list as it is, an empty one for anything else."""
    return value if isinstance(value, list) else []


def fields(value: Any) -> dict[str, Any]:
    """An object as it is, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def integer(value: Any) -> int | None:
    """A whole number as it is, None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def code(value: Any) -> str:
    """A provider's code or type word; "" for free text, which is never kept."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _CODE.match(value) else ""


def first_code(*values: Any) -> str:
    """The first of some values that is a code; a number (an HTTP status, mostly) only where none is a word."""
    known = [found for value in values if (found := code(value))]
    return next((found for found in known if not found.isdigit()), next(iter(known), ""))


def model_in(path: str) -> str:
    """The model or deployment a URL path names (Bedrock, Vertex, Gemini, Azure), "" where it names none."""
    found = _MODEL.search(path)
    return unquote(found[1]) if found else ""


def arranged(sent: dict[str, Any], order: Sequence[str], drop: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A protocol object without null members, its known members in one order.

    A server reads them into a structure, so their order reaches neither prompt nor cache key. What a member holds (a tool's input, a
    schema) is rendered as sent and stays as sent.
    """
    known = {key: sent[key] for key in order if sent.get(key) is not None and key not in drop}
    return known | {key: value for key, value in sent.items() if key not in known and value is not None and key not in drop}


def life(marker: Any) -> str:
    """The life a `cache_control` asks for, "" where it is no marker. The default is 5 minutes (Anthropic, prompt caching)."""
    return word(marker.get("ttl")) or "5m" if isinstance(marker, dict) else ""


def part_life(part: dict[str, Any]) -> str:
    """The life an OpenAI content part asks for: its own breakpoint, or a `cache_control` that a gateway hands through."""
    return EXPLICIT if isinstance(part.get("prompt_cache_breakpoint"), dict) else life(part.get("cache_control"))


def opening(blocks: Iterable[Block]) -> list[Block]:
    """The blocks of one element; the first that is a position opens it."""
    out = list(blocks)
    for at, block in enumerate(out):
        if not block.apart:
            out[at] = replace(block, starts=True)
            break
    return out


def strings(value: Any) -> Iterator[str]:
    """Every text inside a value, in order; ids, types and encoded data left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _OPAQUE:
                yield from strings(item)


def text_in(value: Any) -> str:
    """The texts inside a value, a line each."""
    return "\n".join(strings(value))


def retrieved_text(text: str) -> str:
    """The text inside tags that declare retrieved passages, where they make up at least half of `text`; else ""."""
    parts: list[str] = []
    at = covered = 0
    unclosed: set[str] = set()
    while found := _OPENING.search(text, at):
        at = found.end()
        tag = found[1]
        end = -1 if tag in unclosed else text.find(f"</{tag}>", at)
        if end < 0:
            unclosed.add(tag)
            continue
        parts.append(text[at:end])
        at = end + len(tag) + 3
        covered += at - found.start()
    return "\n".join(parts) if 2 * covered >= len(text) else ""


def arguments(value: Any) -> tuple[bytes, ArgumentState]:
    """The canonical digest of a call's arguments, given as JSON text or parsed, and what state they are in.

    No text at all is an empty object (a call without parameters streams none); a text that is no JSON has no digest.
    """
    if value is None or value == "":
        return EMPTY_OBJECT, ArgumentState.EMPTY
    if not isinstance(value, str):
        return jsontext.digest(jsontext.canonical(value)), ArgumentState.PARSED
    try:
        parsed = jsontext.parse(value.encode("utf-8", "surrogatepass")).value
    except jsontext.Unparsable:
        return b"", ArgumentState.INVALID
    return jsontext.digest(jsontext.canonical(parsed)), ArgumentState.PARSED


def spelled_length(value: Any) -> int:
    """Bytes of a call's arguments as the model wrote them, or as they would be written."""
    return len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else jsontext.ordered(value)) if value is not None else 0


def answers(blocks: Iterable[Block], at: str, *, located: bool = True) -> tuple[Answer, ...]:
    """A response's blocks as answers; `at` is the pointer their paths are relative to (their pointer, where not `located`)."""
    return tuple(_answer(block, intern(at + block.path) if located else at) for block in blocks)


def _answer(block: Block, pointer: str) -> Answer:
    text = jsontext.ordered(block.value)
    said = _said(block)
    troubled = block.kind is Kind.TEXT and is_troubled(said)
    return Answer(block.kind, len(text), block_digest(block, text), pointer, said, block.signature, troubled, text, of_block(block))


def _said(block: Block) -> bytes:
    """What a block says that may have a declared form: a text, or a call's arguments as JSON."""
    value = block.value
    if block.kind is Kind.TOOL_CALL:
        spelled = spelled_arguments(value)
        return spelled.encode("utf-8", "surrogatepass") if isinstance(spelled, str) else jsontext.ordered(spelled)
    text = value.get("text") if block.kind is Kind.TEXT and isinstance(value, dict) else None
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
