"""What headers tell of retries, and what makes two bodies the same beside the prompt."""

from __future__ import annotations

from typing import Any

import pytest

from seamaudit.ingest.attempt import attempt
from seamaudit.ingest.rawbody import settings
from seamaudit.trace import Try

ID = "0b6f9a3e"


@pytest.mark.parametrize(
    ("sent", "got", "told"),
    [
        ({"X-Stainless-Retry-Count": "2"}, {}, Try(retries=2)),
        ({"x-stainless-retry-count": ["1"]}, {}, Try(retries=1)),
        ({}, {"Retry-After": "20"}, Try(retry_after=20.0)),
        ({}, {"retry-after": "20", "retry-after-ms": "1500"}, Try(retry_after=1.5)),
        ({}, {"retry-after": "Sat, 03 Oct 2026 10:00:00 GMT"}, None),
        ({"x-stainless-retry-count": "-1"}, {"retry-after": "1e9"}, None),
        ({"x-stainless-retry-count": "²"}, {"retry-after": 7}, None),
        (["x-stainless-retry-count"], "retry-after", None),
        (None, None, None),
    ],
)
def test_headers_tell_the_sdks_count_and_the_asked_wait(sent: Any, got: Any, told: Try | None) -> None:
    assert attempt(sent, got) == told


def test_the_id_of_a_call_is_kept_as_a_digest() -> None:
    told = attempt({"x-stainless-retry-count": "0", "Idempotency-Key": ID}, {})
    assert told is not None
    assert told.call
    assert ID not in told.call


def test_settings_are_what_is_sent_beside_the_prompt() -> None:
    body = {"model": b'"m"', "messages": b"[1]", "temperature": b"0", "user": b'"u1"'}
    assert settings(body) == settings(body | {"messages": b"[2]", "user": b'"u2"'})
    assert settings(body) != settings(body | {"temperature": b"1"})
    assert settings(body) != settings({name: value for name, value in body.items() if name != "temperature"})
