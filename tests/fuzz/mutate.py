"""Hostile lines made from good ones, by a seed.

Two families: bytes (flips, cuts, splices, invalid UTF-8, line ends) break the JSON; values (types, keys, numbers, nesting, stream
events) keep it and break what a reader believes about it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

STRANGE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, -0.0, 2**63, 2**64, 10**30, 1e308, "", " ", "x" * 5000, "\x00", "\ud83d", "\u2028", "[/red]", "\x1b[31m",
    "NaN", "../../etc/passwd", [], {}, [[]], [None], [{}], {"": None}, {"type": "text"}, {"type": None}, {"text": 1}, [1, "a", None],
    {"type": "tool_use"}, {"type": "tool_result", "tool_use_id": None}, {"cache_control": "x"}, {"cache_control": {"ttl": 5}},
)  # fmt: skip
NUMBERS: Final = (b"1e999", b"-1", b"0.1", b"1" + b"0" * 400, b"-0", b"NaN", b"Infinity", b"00", b"9223372036854775808", b"1E400")
INSERTS: Final = (
    b"\x00", b"\\u0000", b"\\ud83d", b"\\udc00\\ud800", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\r", b"\r\n", b"\n", b"\xef\xbb\xbf", b"\\",
    b'"', b"{", b"}", b"[", b"]", b",", b"\x1b[2J", b"\xe2\x80\xa8", b" " * 64,
)  # fmt: skip


def flip_bits(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """One to eight bits flipped anywhere."""
    data = bytearray(line)
    for _ in range(pick.randint(1, 8)):
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
    return bytes(data)


def cut_end(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """The tail is missing."""
    return line[: pick.randrange(len(line))]


def cut_middle(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A passage is missing."""
    start = pick.randrange(len(line))
    return line[:start] + line[start + pick.randint(1, 400) :]


def splice(pick: random.Random, line: bytes, corpus: Sequence[bytes]) -> bytes:
    """The head of one line and the tail of another."""
    other = pick.choice(corpus)
    return line[: pick.randrange(len(line))] + other[pick.randrange(len(other)) :]


def repeat(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A passage stands twice."""
    start = pick.randrange(len(line))
    stop = start + pick.randint(1, 400)
    return line[:stop] + line[start:]


def insert(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """NULs, surrogates, invalid UTF-8, line ends, brackets, anywhere."""
    for _ in range(pick.randint(1, 3)):
        at = pick.randrange(len(line) + 1)
        line = line[:at] + pick.choice(INSERTS) + line[at:]
    return line


def two_objects(pick: random.Random, line: bytes, corpus: Sequence[bytes]) -> bytes:
    """Two objects on one line, with or without something between them."""
    return line + pick.choice((b"", b" ", b",", b"\t", b"x")) + pick.choice(corpus)


def duplicate_keys(pick: random.Random, line: bytes, corpus: Sequence[bytes]) -> bytes:
    """An object says everything twice."""
    other = pick.choice(corpus)
    return line.rstrip()[:-1] + b"," + other.lstrip()[1:]


def nest(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A value buried under up to 5,000 levels."""
    depth = pick.choice((10, 150, 199, 200, 201, 1000, 1024, 5000))
    opening, closing = pick.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"content":[', b"]}")))
    at = line.find(b":", pick.randrange(len(line)))
    return line[: at + 1] + opening * depth + b"1" + closing * depth + b"," + line[at + 1 :]


def numbers(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A number becomes a strange one."""
    digits = [at for at in range(1, len(line)) if line[at : at + 1].isdigit() and line[at - 1 : at] in (b":", b",", b"[")]
    if not digits:
        return line
    at = pick.choice(digits)
    stop = at
    while line[stop : stop + 1].isdigit():
        stop += 1
    return line[:at] + pick.choice(NUMBERS) + line[stop:]


def value(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """One to three values become values of another kind."""
    record = json.loads(line)
    for _ in range(pick.randint(1, 3)):
        holder, key = pick.choice(list(_places(record)))
        holder[key] = copy.deepcopy(pick.choice(STRANGE))
    return _spelled(record)


def drop(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A member or element is gone."""
    record = json.loads(line)
    holder, key = pick.choice(list(_places(record)))
    del holder[key]
    return _spelled(record)


def transplant(pick: random.Random, line: bytes, corpus: Sequence[bytes]) -> bytes:
    """A value comes from another record, or from elsewhere in this one."""
    record = json.loads(line)
    source = pick.choice((record, json.loads(pick.choice(corpus))))
    holder, key = pick.choice(list(_places(source)))
    moved = json.loads(json.dumps(holder[key]))
    holder, key = pick.choice(list(_places(record)))
    holder[key] = moved
    return _spelled(record)


def rename(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """A member has another name."""
    record = json.loads(line)
    members = [(holder, key) for holder, key in _places(record) if isinstance(holder, dict)]
    holder, key = pick.choice(members)
    holder[pick.choice(("type", "id", "content", "usage", "role", "x", "", "cache_control", "body_raw"))] = holder.pop(key)
    return _spelled(record)


def events(pick: random.Random, line: bytes, _: Sequence[bytes]) -> bytes:
    """The events of a stream are shuffled, doubled, dropped or cut."""
    record = json.loads(line)
    raw = record.get("response", {}).get("body_raw") if isinstance(record.get("response"), dict) else None
    if not isinstance(raw, str) or not raw:
        return value(pick, line, ())
    parts = raw.split("\n\n")
    match pick.randrange(5):
        case 0:
            pick.shuffle(parts)
        case 1:
            parts.insert(pick.randrange(len(parts) + 1), pick.choice(parts))
        case 2:
            del parts[pick.randrange(len(parts))]
        case 3:
            at = pick.randrange(len(parts))
            parts[at] = insert(pick, parts[at].encode(), ()).decode("utf-8", "replace")
        case _:
            parts[-1] = ""
            raw = "\n\n".join(parts)
            parts = [raw[: pick.randrange(len(raw))]]
    record["response"]["body_raw"] = "\n\n".join(parts)
    return _spelled(record)


BROKEN: Final[tuple[Mutation, ...]] = (
    flip_bits, cut_end, cut_middle, splice, repeat, insert, two_objects, duplicate_keys, nest, numbers,
)  # fmt: skip
BENT: Final[tuple[Mutation, ...]] = (value, drop, transplant, rename, events)


def mutated(corpus: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` mutated lines without their newline, though a mutation may have put one in; one in twenty is left as it was."""
    pick = random.Random(seed)
    for _ in range(count):
        line = pick.choice(corpus)
        family = pick.choices((BROKEN, BENT, ()), (10, 9, 1))[0]
        yield pick.choice(family)(pick, line, corpus) if family else line


def corpus_of(root: Path, longest: int = 24_000) -> list[bytes]:
    """The lines of all fixtures that parse and are not too long to scan by the thousand."""
    lines = {line for path in sorted(root.rglob("*.jsonl")) for line in path.read_bytes().splitlines() if len(line) <= longest}
    return sorted(line for line in lines if _is_object(line))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    stack = [value]
    while stack:
        holder = stack.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, item in items:
            yield holder, key
            if isinstance(item, dict | list):
                stack.append(item)


def _spelled(record: Any) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
