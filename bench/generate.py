"""Writes wire recordings of agent threads, deterministic and as large as asked.

A turn is one assistant message with a call and one user message with its result, about `size` bytes each, like source code that
an agent reads. Every request repeats the whole conversation, as agents do: a thread of T turns is O(T) new content in O(T²) bytes.

Layouts follow what clients send: `sdk` (Anthropic, head before messages), `messages-first` (Anthropic, head behind the growing array),
`openai` (Chat Completions). Anthropic's carry a cache marker that moves with the last message.

    python -m bench.generate out.jsonl --turns 200 --threads 4 --layout sdk --disturb clock
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

Layout = Literal["sdk", "messages-first", "openai"]
Disturbance = Literal["clean", "clock", "middle-edit"]

START = 1790000000.0
PAUSE = 20
"""Seconds from one turn of a thread to the next."""
_NAMES = (
    "account amount batch booking buffer cursor entry handler index invoice journal ledger node offset parser record request row span token"
)
NAMES = _NAMES.split()
MARKER = b'"cache_control":{"type":"ephemeral"}'


def code(size: int, seed: str) -> str:
    """About `size` bytes of text that looks like source: indented lines, quotes, few words again and again."""
    pick = random.Random(seed)
    lines: list[str] = []
    length = 0
    while length < size:
        a, b, c = (pick.choice(NAMES) for _ in range(3))
        line = f'{"    " * pick.randint(0, 3)}{a}_{b} = self.{c}.get("{a}-{pick.randint(0, 99999)}", default={b}[{pick.randint(0, 64)}:])'
        lines.append(line)
        length += len(line) + 2
    return "\n".join(lines)


class Thread:
    """One conversation in the making, begun at `begins` (seconds since the epoch): messages are spelled once and repeated as bytes."""

    def __init__(self, name: str, layout: Layout, disturb: Disturbance, turns: int, size: int, begins: float = START) -> None:
        self.name, self.layout, self.disturb, self.turns, self.size, self.begins = name, layout, disturb, turns, size, begins
        self.openai = layout == "openai"
        self.messages = [spell({"role": "user", "content": code(size, f"{name}/task")})]
        self.head = code(6000, "head")
        self.tools = [self._tool(number) for number in range(12)]

    @property
    def ends(self) -> float:
        """When its last answer has come."""
        return self.begins + PAUSE * self.turns

    def lines(self) -> Iterator[bytes]:
        """The thread's records, one a turn."""
        read = 0
        for turn in range(self.turns):
            if self.disturb == "middle-edit" and turn == self.turns // 2:
                self._edit(len(self.messages) // 2)
            body = self._body(turn)
            total = len(body) // 4
            answer, call = self._answer(turn)
            yield self._record(turn, body, answer, read, total)
            read = 0 if self.disturb == "clock" else total
            self.messages += [spell(answer), spell(self._result(turn, call))]

    def _tool(self, number: int) -> Any:
        schema = {"type": "object", "properties": {"path": {"type": "string", "description": code(200, f"schema/{number}")}}}
        name, description = f"tool_{number}", code(500, f"tool/{number}")
        if self.openai:
            return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}
        return {"name": name, "description": description, "input_schema": schema}

    def _answer(self, turn: int) -> tuple[Any, str]:
        call = f"call_{self.name}_{turn}"
        said = code(self.size // 2, f"{self.name}/{turn}/say")
        arguments = {"path": f"src/{turn}.py", "patch": code(self.size // 3, f"{self.name}/{turn}/patch")}
        if self.openai:
            function = {"name": "tool_1", "arguments": json.dumps(arguments)}
            return {"role": "assistant", "content": said, "tool_calls": [{"id": call, "type": "function", "function": function}]}, call
        use = {"type": "tool_use", "id": call, "name": "tool_1", "input": arguments}
        return {"role": "assistant", "content": [{"type": "text", "text": said}, use]}, call

    def _result(self, turn: int, call: str) -> Any:
        output = code(self.size, f"{self.name}/{turn}/result")
        if self.openai:
            return {"role": "tool", "tool_call_id": call, "content": output}
        return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": output}]}

    def _edit(self, at: int) -> None:
        message = json.loads(self.messages[at])
        message["role"] = message.get("role", "user")
        for block in message["content"] if isinstance(message["content"], list) else [message]:
            key = "content" if "content" in block else "text" if "text" in block else ""
            if key:
                block[key] = "[shortened] " + str(block[key])[:80]
        self.messages[at] = spell(message)

    def _body(self, turn: int) -> bytes:
        clock = f"Now: 2026-09-21 14:{turn // 60 % 60:02}:{turn % 60:02}.{turn:06}\n" if self.disturb == "clock" else ""
        messages = self.messages
        if self.openai:
            system = spell({"role": "system", "content": clock + self.head})
            return self._object(model="gpt-5.2", messages=listed([system, *messages]), tools=spell(self.tools))
        messages = [*messages[:-1], marked(messages[-1])]
        system = spell([{"type": "text", "text": clock + self.head, "cache_control": {"type": "ephemeral"}}])
        if self.layout == "sdk":
            return self._object(
                model="claude-sonnet-4-5-20250929", max_tokens=8192, system=system, tools=spell(self.tools), messages=listed(messages)
            )
        return self._object(
            model="claude-sonnet-4-5-20250929", messages=listed(messages), system=system, tools=spell(self.tools), max_tokens=8192
        )

    @staticmethod
    def _object(**members: Any) -> bytes:
        return b"{" + b",".join(b'"%b":%b' % (key.encode(), v if isinstance(v, bytes) else spell(v)) for key, v in members.items()) + b"}"

    def _record(self, turn: int, body: bytes, answer: Any, read: int, total: int) -> bytes:
        url = "https://api.openai.com/v1/chat/completions" if self.openai else "https://api.anthropic.com/v1/messages"
        head = {"conversation": self.name, "n": turn, "timestamp": self.begins + PAUSE * turn}
        response = {"status_code": 200, "headers": {"content-type": "application/json"}, "body": self._response(turn, answer, read, total)}
        request = b'{"method":"POST","url":"%b","body":%b}' % (url.encode(), body)
        return b'%b,"request":%b,"response":%b,"duration":3.5}\n' % (spell(head)[:-1], request, spell(response))

    def _response(self, turn: int, answer: Any, read: int, total: int) -> Any:
        if self.openai:
            counts = {"prompt_tokens": total, "completion_tokens": 300, "total_tokens": total + 300}
            choice = {"index": 0, "message": answer, "finish_reason": "tool_calls"}
            head = {"id": f"chatcmpl-{self.name}{turn}", "object": "chat.completion", "model": "gpt-5.2"}
            return {**head, "choices": [choice], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": read // 128 * 128}}}
        usage = {"input_tokens": 0, "cache_read_input_tokens": read, "cache_creation_input_tokens": total - read, "output_tokens": 300}
        message = {"id": f"msg_{self.name}{turn}", "type": "message", "model": "claude-sonnet-4-5-20250929", **answer}
        return {**message, "stop_reason": "tool_use", "stop_sequence": None, "usage": usage}


def spell(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def listed(items: list[bytes]) -> bytes:
    """A JSON array of spelled items."""
    return b"[" + b",".join(items) + b"]"


def marked(message: bytes) -> bytes:
    """An Anthropic message with a cache marker on its last block."""
    if message.endswith(b"}]}"):
        return message[:-3] + b"," + MARKER + b"}]}"
    value = json.loads(message)
    value["content"] = [{"type": "text", "text": value["content"], "cache_control": {"type": "ephemeral"}}]
    return spell(value)


def generate(out: BinaryIO, turns: int, threads: int = 1, layout: Layout = "sdk", disturb: Disturbance = "clean", size: int = 2300) -> int:
    """Write `threads` interleaved threads and return how many bytes that took."""
    sources = [Thread(f"t{number}", layout, disturb, turns, size).lines() for number in range(threads)]
    return sum(out.write(line) for lines in zip(*sources, strict=True) for line in lines)


def main() -> None:
    """Write one file as asked on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--layout", choices=get_args(Layout), default="sdk")
    parser.add_argument("--disturb", choices=get_args(Disturbance), default="clean")
    parser.add_argument("--size", type=int, default=2300, help="bytes of a message")
    chosen = parser.parse_args()
    with chosen.path.open("wb") as out:
        written = generate(out, chosen.turns, chosen.threads, chosen.layout, chosen.disturb, chosen.size)
    print(f"{chosen.path}: {written:,} bytes")


if __name__ == "__main__":
    main()
