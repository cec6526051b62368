"""Recording: transports for httpx2 (and httpx) clients that write each model call as a line of the pair format.

    from anthropic import Anthropic, DefaultHttpxClient
    from seamaudit.record import RecordingTransport

    client = Anthropic(http_client=DefaultHttpxClient(transport=RecordingTransport("traces.jsonl")))

Calls are neither slowed nor broken: bodies are copied as they pass by, lines are written by a thread of their own, and what cannot be
recorded is counted and logged once. Credentials are left out. Neither library is imported here: a client brings its own.
"""

from seamaudit.record.recorder import Recorder
from seamaudit.record.transport import AsyncRecordingTransport, RecordingTransport

__all__ = ["AsyncRecordingTransport", "Recorder", "RecordingTransport"]
