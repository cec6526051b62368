"""A model provider on a local port: it plays a script of answers and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-6",
    "content": [{"type": "text", "text": "Bonjour"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 11, "output_tokens": 3},
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Bonjour"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}
LIMITED = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}


def _event(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


MESSAGE_STREAM = (
    _event("message_start", message={**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 11, "output_tokens": 1}}),
    _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Bon"}),
    _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "jour"}),
    _event("content_block_stop", index=0),
    _event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 3}),
    _event("message_stop"),
)


def _chunk(choices: list[Any], **members: Any) -> bytes:
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1790000000, "model": "gpt-4o-mini", "choices": choices}
    return f"data: {json.dumps(chunk | members)}\n\n".encode()


COMPLETION_STREAM = (
    _chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]),
    _chunk([{"index": 0, "delta": {"content": "Bonjour"}, "finish_reason": None}]),
    _chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    _chunk([], usage=COMPLETION["usage"]),
    b"data: [DONE]\n\n",
)


@dataclass
class Answer:
    """What to answer: a body, or the pieces of a stream. `gate` is waited for before each piece but the first; `breaks` ends the
    connection without an end of the body."""

    body: Any = None
    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Semaphore | None = None
    breaks: bool = False


class Provider(ThreadingHTTPServer):
    """The server: `script` is played in order, `asked` holds the requests' headers and bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Answer] = []
        self.asked: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answer = self.server.script.pop(0)
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        streamed = bool(answer.pieces)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-type" not in answer.headers:
            self.send_header("content-type", "text/event-stream" if streamed else "application/json")
        if streamed:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        if not streamed:
            self.wfile.write(data)
            return
        for number, piece in enumerate(answer.pieces):
            if number and answer.gate is not None:
                answer.gate.acquire(timeout=10)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        if answer.breaks:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said."""


@contextmanager
def provider(*script: Answer) -> Iterator[Provider]:
    """A provider that plays a script."""
    with Provider() as server:
        server.script.extend(script)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
