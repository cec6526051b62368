from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seamaudit.ingest.draft import Draft
from seamaudit.trace import Money, Need
from tests.ingest.recordings import Read, written

USAGE = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}], "usage": USAGE}
ASKED = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "well?"}]}


def read(folder: Path, **beside: Any) -> Draft:
    """The one exchange of a record with these members beside request and response."""
    (draft,) = Read(written(folder / "pairs.jsonl", [{"request": ASKED, "response": ANSWER, **beside}])).drafts
    return draft


@pytest.mark.parametrize("spelling", ["cost_usd", "cost", "usd", "response_cost"])
def test_a_recorded_price_is_read_to_the_picodollar(tmp_path: Path, spelling: str) -> None:
    assert read(tmp_path, **{spelling: 0.0123}).recorded_cost == Money(12_300_000_000)


def test_a_price_of_nothing_is_a_price(tmp_path: Path) -> None:
    assert read(tmp_path, cost=0).recorded_cost == Money(0)


@pytest.mark.parametrize("value", [None, "0.01", True, -1, 1e300, {"total": 1}])
def test_what_is_no_price_is_not_recorded(tmp_path: Path, value: Any) -> None:
    assert read(tmp_path, cost_usd=value).recorded_cost is None


def test_a_price_is_read_the_slow_way_too(tmp_path: Path) -> None:
    (draft,) = Read(written(tmp_path / "pairs.jsonl", [{"req": ASKED, "resp": ANSWER, "cost": 2}])).drafts
    assert draft.recorded_cost == Money(2 * 10**12)


@pytest.mark.parametrize(
    ("error", "kind"),
    [({"type": "ConnectError"}, "ConnectError"), ("Timeout", "Timeout"), ("no such host: x", "error"), ({"text": "x"}, "error")],
)
@pytest.mark.parametrize("request_name", ["request", "req"])
def test_a_call_that_failed_before_a_response_came_is_told_by_its_kind(tmp_path: Path, request_name: str, error: Any, kind: str) -> None:
    row = {request_name: ASKED, "response": None, "error": error}
    (draft,) = Read(written(tmp_path / "pairs.jsonl", [row])).drafts
    assert draft.response is not None
    assert (draft.response.status, draft.response.error_type, draft.response.complete) == (None, kind, False)
    assert {need for need in draft.lacks if need is not Need.TIME} == {Need.RESPONSE, Need.USAGE}


@pytest.mark.parametrize("error", [None, "", {}, False])
def test_no_error_and_no_response_is_no_failure(tmp_path: Path, error: Any) -> None:
    (draft,) = Read(written(tmp_path / "pairs.jsonl", [{"request": ASKED, "response": None, "error": error}])).drafts
    assert draft.response is None
