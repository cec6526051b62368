"""Agent threads as lines, told in every way that elision could get wrong, by a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TRICKS = (
    '{"messages":[{"role":"user","content":"not me"}]}',
    '\\"messages\\":[',
    '"messages":[',
    '"},{"role":"assistant"',
    "\u2028\u00e9\U0001f600",
    "back\\\\slash \\",
    "]}]}",
    ",",
    "",
)


@dataclass
class Thread:
    """A conversation in the making, with the spelling of its recorder."""

    name: str
    random: random.Random
    messages: list[Any] = field(default_factory=list)
    turn: int = 0

    def line(self) -> bytes:
        """The next request, answered."""
        pick = self.random
        self._change()
        spell = _spelling(pick)
        body: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 100, "system": self._system(), "messages": self._marked()}
        if pick.random() < 0.2:
            body = dict(pick.sample(list(body.items()), len(body)))
        self.turn += 1
        record: dict[str, Any] = {"n": self.turn, "request": {"url": "https://api.anthropic.com/v1/messages", "body": body}}
        if pick.random() < 0.8:
            record = {"conversation": self.name, **record}
        usage = {"input_tokens": 10, "output_tokens": 2}
        answer = {"id": f"m{self.turn}", "type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn", "usage": usage}
        record["response"] = {"status_code": 200, "body": answer}
        line = spell(record)
        if pick.random() < 0.05:
            line = line.replace(b'"max_tokens"', b'"messages":[{"role":"user","content":"first"}],"max_tokens"', 1)
        return _broken(line, pick) if pick.random() < 0.1 else line

    def _change(self) -> None:
        pick = self.random
        for _ in range(pick.choice((1, 2, 2, 3))):
            self.messages.append(_message(pick, len(self.messages)))
        roll = pick.random()
        if roll < 0.08 and len(self.messages) > 3:
            self.messages[pick.randrange(len(self.messages))] = _message(pick, 0)
        elif roll < 0.12:
            del self.messages[pick.randrange(len(self.messages)) :]
        elif roll < 0.16:
            del self.messages[pick.randrange(len(self.messages))]
        elif roll < 0.2 and len(self.messages) > 1:
            at = pick.randrange(len(self.messages) - 1)
            self.messages[at : at + 2] = self.messages[at : at + 2][::-1]
        elif roll < 0.22:
            self.messages = []
        elif roll < 0.24:
            self.messages *= 2

    def _system(self) -> Any:
        return f"rules {self.turn}" if self.random.random() < 0.3 else "rules"

    def _marked(self) -> list[Any]:
        if not self.messages or self.random.random() < 0.3 or not isinstance(self.messages[-1].get("content"), list):
            return self.messages
        last = self.messages[-1]
        content = [*last["content"][:-1], {**last["content"][-1], "cache_control": {"type": "ephemeral"}}]
        return [*self.messages[:-1], {**last, "content": content}]


def lines(seed: int, threads: int = 3, count: int = 60) -> list[bytes]:
    """Interleaved lines of some threads, without line ends."""
    pick = random.Random(seed)
    told = [Thread(f"c{number}", random.Random(pick.random())) for number in range(threads)]
    return [pick.choice(told).line() for _ in range(count)]


def written(seed: int) -> bytes:
    """The same as a file; sometimes without the last line end."""
    joined = b"\n".join(line.replace(b"\n", b" ") for line in lines(seed))
    return joined + (b"\n" if seed % 3 else b"")


def _message(pick: random.Random, number: int) -> Any:
    text = f"{number} {pick.choice(TRICKS)} " + "word " * pick.randrange(30)
    if pick.random() < 0.4:
        return {"role": pick.choice(("user", "assistant")), "content": text}
    block = pick.choice(
        ({"type": "text", "text": text}, {"type": "tool_use", "id": f"t{number}", "name": "ls", "input": {"messages": [text]}})
    )
    return {"role": pick.choice(("user", "assistant")), "content": [block] * pick.choice((1, 1, 2))}


def _spelling(pick: random.Random) -> Any:
    separators = pick.choice(((",", ":"), (",", ":"), (",", ":"), (", ", ": "), (" ,", ":"), (",  ", ": ")))
    ascii_only = pick.random() < 0.3
    return lambda value: json.dumps(value, separators=separators, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def _broken(line: bytes, pick: random.Random) -> bytes:
    """A line cut, flipped, or told twice."""
    at = pick.randrange(len(line))
    return pick.choice(
        (
            line[:at],
            line[:at] + bytes([line[at] ^ 1 << pick.randrange(8)]) + line[at + 1 :],
            line[:at] + line[at + 1 :],
            line[:at] + b";" + line[at:],
        )
    )


def seeds(count: int, start: int = 0) -> Iterator[int]:
    """Seeds to run."""
    yield from range(start, start + count)
