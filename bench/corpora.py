"""The recordings that suites measure: agents' wire threads, RAG chats, folders of Claude Code sessions. Deterministic, as large as asked.

Sizes are reached by the last record, so that a recording is a little larger than asked.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, get_args

import orjson
import zstandard

from bench.generate import START, Disturbance, Layout, Thread, code, spell

LENGTHS = (5, 80)
"""Turns of an agent's thread, least and most."""
AT_ONCE = 4
"""Threads that take turns."""
CHANGING = 0.15
"""Threads whose system prompt holds a clock."""
DOCUMENTS = 4
"""Passages that a RAG request carries, fresh ones each time."""
_ID = re.compile(rb'"((?:msg|req|toolu|call|resp|chatcmpl|gen)[-_][\w-]{6,})"')
_CONVERSATION = re.compile(rb'("conversation"\s*:\s*")')


def agents(out: BinaryIO, size: int, turns: tuple[int, int] = LENGTHS, bytes_each: int = 2300) -> int:
    """Interleaved wire threads in all three body layouts, each begun when another has ended; gives how many threads."""
    pick = random.Random(size)
    live: list[tuple[Thread, Iterator[bytes]]] = []
    made = written = 0
    begins = float(START)
    while written < size:
        while len(live) < AT_ONCE:
            changing: Disturbance = "clock" if pick.random() < CHANGING else "clean"
            thread = Thread(f"t{made}", pick.choice(get_args(Layout)), changing, pick.randint(*turns), bytes_each, begins)
            live.append((thread, thread.lines()))
            made += 1
        at = pick.randrange(AT_ONCE)
        line = next(live[at][1], None)
        if line is None:
            begins = live.pop(at)[0].ends
        else:
            written += out.write(line)
    return made


def chats(out: BinaryIO, size: int) -> int:
    """RAG chats of one to three questions: passages for each question stand in front of it, and nothing is sent twice but the answers."""
    pick = random.Random(size)
    system = code(1500, "rag/system")
    made = written = 0
    while written < size:
        messages: list[Any] = []
        for turn in range(pick.randint(1, 3)):
            found = "".join(f"<document>\n{code(2200, f'rag/{made}/{turn}/{number}')}\n</document>\n" for number in range(DOCUMENTS))
            messages.append({"role": "user", "content": f"{found}\n{code(120, f'rag/{made}/{turn}/question')}"})
            answer = {"role": "assistant", "content": code(700, f"rag/{made}/{turn}/answer")}
            written += out.write(_chat(made, turn, system, messages, answer))
            messages.append(answer)
        made += 1
    return made


def _chat(number: int, turn: int, system: str, messages: list[Any], answer: Any) -> bytes:
    body = {"model": "gpt-5.2", "messages": [{"role": "system", "content": system}, *messages], "max_completion_tokens": 800}
    total = len(spell(body)) // 4
    counts = {"prompt_tokens": total, "completion_tokens": 200, "total_tokens": total + 200, "prompt_tokens_details": {"cached_tokens": 0}}
    answered = {
        "id": f"chatcmpl-{number:08d}{turn}abcdef",
        "object": "chat.completion",
        "model": "gpt-5.2",
        "choices": [{"index": 0, "message": answer, "finish_reason": "stop"}],
        "usage": counts,
    }
    record = {
        "conversation": f"chat-{number}",
        "n": turn,
        "timestamp": START + 7 * number + 20 * turn,
        "request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions", "body": body},
        "response": {"status_code": 200, "headers": {"content-type": "application/json"}, "body": answered},
        "duration": 2.5,
    }
    return spell(record) + b"\n"


def sessions(folder: Path, size: int) -> int:
    """A folder as Claude Code keeps it, `projects/<project>/<session>.jsonl`; gives how many files."""
    pick = random.Random(size)
    made = written = 0
    while written < size:
        path = folder / "projects" / f"project-{made % 12}" / f"{_uuid(f'session {made}')}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            written += sum(map(out.write, _session(f"session {made}", pick.randint(3, 120))))
        made += 1
    return made


def _session(name: str, turns: int) -> Iterator[bytes]:
    parent: str | None = None
    read, call = 0, ""
    for turn in range(turns):
        at = START + 40 * turn
        told: Any = code(300, f"{name}/task")
        extra: dict[str, Any] = {}
        if turn:
            output = code(2000, f"{name}/{turn}/result")
            told = [{"type": "tool_result", "tool_use_id": call, "content": output}]
            extra = {"toolUseResult": {"type": "text", "file": {"filePath": f"src/{turn}.py", "content": output}}}
        parent, line = _entry(name, parent, f"{turn}/user", at, {"type": "user", "message": {"role": "user", "content": told}, **extra})
        yield line
        call, message = f"toolu_{_uuid(f'{name}/{turn}/call')[:20]}", f"msg_{_uuid(f'{name}/{turn}')[:20]}"
        new = len(str(told)) // 4 + 200
        usage = {"input_tokens": 4, "cache_read_input_tokens": read, "cache_creation_input_tokens": new, "output_tokens": 180}
        blocks: list[Any] = [
            {"type": "text", "text": code(400, f"{name}/{turn}/say")},
            {"type": "tool_use", "id": call, "name": "Read", "input": {"file_path": f"src/{turn}.py"}},
        ]
        for number, block in enumerate(blocks):  # one row a block, each with the whole usage
            said = {
                "model": "claude-sonnet-4-5-20250929",
                "id": message,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": "tool_use",
                "usage": usage,
            }
            entry = {"type": "assistant", "message": said, "requestId": f"req_{message[4:]}"}
            parent, line = _entry(name, parent, f"{turn}/{number}", at + 5, entry)
            yield line
        read += new


def _entry(session: str, parent: str | None, name: str, at: float, entry: dict[str, Any]) -> tuple[str, bytes]:
    uuid = _uuid(f"{session}/{name}")
    head = {"parentUuid": parent, "isSidechain": False, "userType": "external", "cwd": "/src/app", "sessionId": _uuid(session)}
    told = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return uuid, spell({**head, "version": "2.1.6", "gitBranch": "main", **entry, "uuid": uuid, "timestamp": told}) + b"\n"


def _uuid(name: str) -> str:
    digits = f"{random.Random(name).getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def repeated(recording: Path, out: BinaryIO, size: int) -> int:
    """A recording again and again, each time under new ids of its conversations, calls and responses; gives how often."""
    times = written = 0
    while written < size:
        suffix = b"-r%d" % times
        with recording.open("rb") as lines:
            for line in lines:
                named = _CONVERSATION.sub(rb"\g<1>r%d-" % times, line)
                written += out.write(_ID.sub(lambda found: b'"' + found[1] + suffix + b'"', named))  # noqa: B023 - called at once
        times += 1
    return times


def as_promptcachelint(recording: Path, out: BinaryIO) -> None:
    """Wire pairs as promptcachelint's recorder writes them."""
    for line in recording.open("rb"):
        pair = orjson.loads(line)
        counts = pair["response"]["body"]["usage"]
        details = counts.get("prompt_tokens_details", {})
        read = counts.get("cache_read_input_tokens", details.get("cached_tokens", 0))
        usage = {
            "input_tokens": counts["prompt_tokens"] - read if "prompt_tokens" in counts else counts["input_tokens"],
            "cache_read": read,
            "cache_write": counts.get("cache_creation_input_tokens", 0),
            "output_tokens": 300,
        }
        body = pair["request"]["body"]
        provider = "anthropic" if "anthropic" in pair["request"]["url"] else "openai"
        record = {"provider": provider, "body": body, "at": pair["timestamp"], "model": body["model"], "usage": usage}
        out.write(spell({**record, "session_id": pair["conversation"], "session_explicit": True}) + b"\n")


def as_tracelint(recording: Path, out: BinaryIO) -> None:
    """Wire pairs as transcripts of chat messages, one a request: tracelint's `openai` form."""
    for line in recording.open("rb"):
        pair = orjson.loads(line)
        messages = [message for sent in pair["request"]["body"]["messages"] for message in _as_chat(sent)]
        out.write(spell({"run_id": f"{pair['conversation']}-{pair['n']}", "messages": messages}) + b"\n")


def _as_chat(sent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(sent["content"], list):
        yield sent
        return
    calls = [
        {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": json.dumps(block["input"])}}
        for block in sent["content"]
        if block["type"] == "tool_use"
    ]
    text = "".join(block["text"] for block in sent["content"] if block["type"] == "text")
    if sent["role"] == "assistant":
        yield {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
        return
    for block in sent["content"]:
        if block["type"] == "tool_result":
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": block["content"]}
    if text:
        yield {"role": "user", "content": text}


def compressed(recording: Path, out: Path) -> None:
    """A recording as `.gz` or `.zst`, as the name says."""
    with recording.open("rb") as plain, out.open("wb") as target:
        if out.suffix == ".gz":
            with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=6, mtime=0) as packed:
                for block in iter(lambda: plain.read(1 << 20), b""):
                    packed.write(block)
        else:
            zstandard.ZstdCompressor(level=3).copy_stream(plain, target)


def one_line(out: BinaryIO, size: int) -> None:
    """A pair whose only message is as long as asked."""
    out.write(
        b'{"conversation":"long","request":{"url":"https://api.anthropic.com/v1/messages","body":{"messages":[{"role":"user","content":"'
    )
    block = b"x" * (1 << 20)
    for _ in range(size >> 20):
        out.write(block)
    out.write(b'"}]}}}\n')
