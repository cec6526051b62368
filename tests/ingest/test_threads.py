"""Threads and relations: what continues what, by evidence and never by an equal first message alone."""

from __future__ import annotations

from typing import Any

import orjson

from seamaudit.ingest.formats.pairs import Pairs
from seamaudit.ingest.intern import Interner
from seamaudit.ingest.merge import merge
from seamaudit.ingest.shapes import shape_of
from seamaudit.trace import Exchange, Hole, Locus

START = 1790000000.0


def record(messages: list[Any], answer: str | list[Any], **columns: Any) -> dict[str, Any]:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages, **columns.pop("body", {})}
    content = [{"type": "text", "text": answer}] if isinstance(answer, str) else answer
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 5}
    reply = {"id": "msg_1", "type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": usage}
    return {
        "request": {"url": "https://api.anthropic.com/v1/messages", "body": body},
        "response": {"status_code": 200, "body": reply},
        **columns,
    }


def merged(*records: dict[str, Any]) -> list[Exchange]:
    read = Pairs(shape_of).open(Interner())
    drafts = [draft for line, data in enumerate(records, 1) for draft in read(orjson.dumps(data), Locus(0, line, line * 100, 100))]
    return list(merge(drafts))


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


LONG = "That depends on the policy of your plan, which I shall look up for you now."


def test_an_answer_that_is_sent_back_links_its_turn() -> None:
    first, second = merged(record([user("hi")], LONG), record([user("hi"), assistant(LONG), user("and?")], "Well."))
    assert second.thread.id == first.thread.id
    assert second.thread.basis == "answer"
    assert second.previous is not None
    assert (second.previous.exchange, second.previous.shared) == (0, 1)


def test_a_call_id_that_is_sent_back_links_its_turn() -> None:
    use = {"type": "tool_use", "id": "toolu_7", "name": "look", "input": {}}
    answered = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_7", "content": "x"}]}
    first, second = merged(record([user("hi")], [use]), record([user("hi"), {"role": "assistant", "content": [use]}, answered], "ok"))
    assert second.thread == first.thread or second.thread.id == first.thread.id
    assert second.thread.basis == "call_id"


def test_an_equal_first_message_alone_never_links() -> None:
    first, second = merged(record([user("hi")], "Hello.", timestamp=START), record([user("hi")], "Hello.", timestamp=START + 9))
    assert first.thread.id != second.thread.id
    assert second.previous is None
    assert second.nearest is not None, "but the cache may serve it"
    assert second.nearest.shared == 1


def test_a_side_call_is_a_lane_of_its_own() -> None:
    title = record([user("Title for: hi")], "Greeting", conversation="c", n=0, body={"model": "claude-haiku-4-5"})
    main = record([user("hi")], LONG, conversation="c", n=1)
    more = record([user("hi"), assistant(LONG), user("more")], "ok", conversation="c", n=2)
    one, two, three = merged(title, main, more)
    assert one.thread.id != two.thread.id == three.thread.id
    assert {x.thread.conversation for x in (one, two, three)} == {"c"}
    assert three.previous is not None
    assert three.previous.exchange == 1


def test_a_rewritten_history_stays_in_its_declared_thread() -> None:
    first = record([user("hi")], LONG, conversation="c", n=0)
    second = record([user("hi"), assistant("summary of what was said before"), user("more")], "ok", conversation="c", n=1)
    exchanges = merged(first, second)
    assert exchanges[1].previous is not None
    assert exchanges[1].thread.basis == "declared"


def test_the_clock_orders_what_the_file_does_not() -> None:
    late = record([user("hi"), assistant(LONG), user("more")], "ok", timestamp=START + 60, conversation="c")
    early = record([user("hi")], LONG, timestamp=START, conversation="c")
    first, second = merged(late, early)
    assert (first.locus.line, second.locus.line) == (2, 1)
    assert second.previous is not None


def test_without_a_clock_no_relation_crosses_conversations() -> None:
    one, two = merged(record([user("hi")], "x", conversation="a", n=0), record([user("hi")], "x", conversation="b", n=0))
    assert two.nearest is None or two.nearest.exchange != one.id


def test_the_nearest_request_shares_the_longest_chain() -> None:
    system = {"system": "You are a helper."}
    records = [
        record([user("one")], "1", timestamp=START, body=system),
        record([user("two"), assistant(LONG), user("three")], "2", timestamp=START + 10, body=system),
        record([user("other")], "3", timestamp=START + 20, body={"system": "You are another."}),
        record([user("two"), assistant("something else entirely was said"), user("x")], "4", timestamp=START + 30, body=system),
    ]
    last = merged(*records)[-1]
    assert last.nearest is not None
    assert (last.nearest.exchange, last.nearest.shared) == (1, 2)


def test_a_second_question_without_its_history_is_a_thread_of_its_own() -> None:
    one, two = merged(record([user("hi")], LONG, conversation="c", n=0), record([user("other")], LONG, conversation="c", n=1))
    assert one.thread.id != two.thread.id
    assert two.previous is None


def test_a_request_that_is_tried_again_stays_in_its_thread() -> None:
    failed = record([user("hi")], LONG, conversation="c", n=0)
    failed["response"] = {"status_code": 529, "body": {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}}
    one, two = merged(failed, record([user("hi")], LONG, conversation="c", n=1))
    assert one.thread.id == two.thread.id
    assert two.previous is not None
    assert two.previous.shared == 1


FAILED = {"status_code": 529, "body": {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}}


class TestTriesOfUndeclaredConversations:
    """The same request soon after it failed is another try, whoever recorded it without a conversation."""

    def tries(self, *gaps: float, headers: dict[str, str] | None = None, **second: Any) -> list[str]:
        """The threads of a failed request and of the same again, sent `gaps` seconds after the one before had ended."""
        now, made = START, []
        for at, gap in enumerate((0.0, *gaps)):
            now += gap
            columns = second if at == len(gaps) else {}
            row = record([user("hi")], LONG, timestamp=now, duration=1.0, **columns)
            row["request"]["headers"] = headers or {}
            now += 1.0
            made.append(row | ({"response": FAILED} if at < len(gaps) else {}))
        return [each.thread.id for each in merged(*made)]

    def test_soon_after_a_failure_it_is_one_thread(self) -> None:
        assert len(set(self.tries(0.5, 2.0, 8.0))) == 1

    def test_later_it_is_a_request_of_its_own(self) -> None:
        assert len(set(self.tries(61.0))) == 2

    def test_later_it_is_one_thread_where_the_headers_say_so(self) -> None:
        parent = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        assert len(set(self.tries(61.0, headers=parent))) == 1
        assert len(set(self.tries(61.0, headers={"x-stainless-retry-count": "1"}))) == 1
        assert len(set(self.tries(601.0, headers=parent))) == 2

    def test_another_body_is_another_request(self) -> None:
        assert len(set(self.tries(0.5, body={"temperature": 1}))) == 2

    def test_a_request_sent_before_the_other_had_failed_is_none_of_its_tries(self) -> None:
        assert len(set(self.tries(-0.5))) == 2

    def test_after_a_success_the_same_request_is_a_new_one(self) -> None:
        rows = [record([user("hi")], LONG, timestamp=START + 5 * at, duration=1.0) for at in range(3)]
        rows[0]["response"] = FAILED
        threads = [each.thread.id for each in merged(*rows)]
        assert threads[0] == threads[1] != threads[2]

    def test_without_a_clock_nothing_tells_what_came_after_what(self) -> None:
        failed = record([user("hi")], LONG) | {"response": FAILED}
        assert len({each.thread.id for each in merged(failed, record([user("hi")], LONG))}) == 2


def test_no_relation_reaches_across_a_lost_line() -> None:
    first = record([user("hi")], LONG, conversation="c", n=0)
    second = record([user("hi"), assistant(LONG), user("more")], "ok", conversation="c", n=1)
    read = Pairs(shape_of).open(Interner())
    drafts = [*read(orjson.dumps(first), Locus(0, 1, 0, 100)), *read(orjson.dumps(second), Locus(0, 3, 200, 100))]
    hole = Hole(Locus(0, 2, 100, 100), "not_json")
    linked, cut = list(merge(drafts))[1], list(merge(drafts, None, [hole]))[1]
    assert linked.previous is not None
    assert (cut.previous, cut.nearest, cut.after_hole) == (None, None, True)
    assert cut.thread == linked.thread
