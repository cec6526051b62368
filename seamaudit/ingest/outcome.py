"""What came of a tool call, in digests: enough to tell a repetition from progress."""

from __future__ import annotations

import re
import struct
from typing import Any

import xxhash

from seamaudit.ingest import jsontext
from seamaudit.ingest.block import Block
from seamaudit.trace import Kind

MAX_WORDS = 32
"""Words of a call's arguments that are kept; more do not make two calls more alike."""

_HOLDERS = ("function", "custom", "functionCall", "toolUse")
_MEMBERS = ("input", "arguments", "args")

_WORD = re.compile(r"\w{2,64}")
_LONGEST = 64
_SPELLED = bytes(byte if chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(128)).lower().ljust(256)
"""ASCII text as its words in lower case, apart."""
_ERROR = re.compile(r"\s*(?:<tool_use_error>|\{\s*\"error\"|(?:\w{0,40}error|exception|fatal|traceback|failed|failure)\b)", re.IGNORECASE)


def digest(block: Block) -> bytes:
    """Digest of a tool result's text; b"" for other blocks, and where the result holds no text to compare."""
    if block.kind is not Kind.TOOL_RESULT or (not block.text and block.unsized):
        return b""
    return text_digest(block.text)


def text_digest(text: str) -> bytes:
    """Digest of a result's text, whatever space surrounds it."""
    return jsontext.digest(text.strip().encode("utf-8", "surrogatepass"))


def has_failed(block: Block) -> bool:
    """Whether a tool result is declared an error, or begins like one where nothing is declared."""
    if block.kind is not Kind.TOOL_RESULT:
        return False
    return block.is_error if block.is_error is not None else bool(_ERROR.match(block.text))


def words(block: Block) -> bytes:
    """Sorted 4-byte hashes of the words in a tool call's arguments."""
    if block.kind is not Kind.TOOL_CALL:
        return b""
    hashes = sorted(set(map(xxhash.xxh32_intdigest, set(_words(jsontext.ordered(spelled_arguments(block.value)))))))[:MAX_WORDS]
    return struct.pack(f"<{len(hashes)}I", *hashes)


def _words(text: bytes) -> list[bytes]:
    """The words of JSON text in lower case; of its first 4096 characters."""
    if text.isascii():  # the same words in half the time
        words = [word for word in text[:4096].translate(_SPELLED).split() if len(word) > 1]
        if max(map(len, words), default=0) <= _LONGEST:
            return words
    return [word.encode() for word in _WORD.findall(text.decode("utf-8", "replace").lower()[:4096])]


def word_hash(word: str) -> int:
    """What a word in lower case is kept as."""
    return xxhash.xxh32_intdigest(word.encode())


def spelled_arguments(call: Any) -> Any:
    """The arguments of a call as they are spelled, text or parsed, in any provider's body shape; the whole call where none are known."""
    held = next((call[name] for name in _HOLDERS if isinstance(call.get(name), dict)), call) if isinstance(call, dict) else call
    return next((held[name] for name in _MEMBERS if name in held), call) if isinstance(held, dict) else call
