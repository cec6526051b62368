"""Playbooks of the tools layer: exchanges in, facts out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from seamaudit.facts import Fact
from seamaudit.layers.base import Scope, Unchecked
from seamaudit.layers.tools import CallFault, PairFault, PairingFault, ResponseFault, SplitResults, ToolCalled, Tools
from seamaudit.providers.endings import Blame
from seamaudit.trace import ArgumentState, Conformance, Exchange, Kind, Level, Need, Prefix, Segment, ToolCall, Zone
from tests.builders import Story, answer, call, calling, digest, result, say, segment, stream

F = TypeVar("F", bound=Fact)


def told(kind: type[F], *exchanges: Exchange) -> list[F]:
    """The facts of one kind that a thread leads to."""
    layer = Tools()
    facts = [fact for exchange in exchanges for fact in layer.feed(exchange)]
    return [fact for fact in (*facts, *layer.close()) if isinstance(fact, kind)]


def faults(*exchanges: Exchange) -> list[tuple[PairFault, str]]:
    return [(fact.fault, fact.call_id) for fact in told(PairingFault, *exchanges)]


def message(*pieces: Segment) -> list[Segment]:
    """The segments of one message: the first opens it."""
    return [replace(piece, starts=not at, path=f"/content/{at}") for at, piece in enumerate(pieces)]


def chat(thread: str = "t1") -> Story:
    return Story(api="openai.chat", provider="openai", platform="openai", host="api.openai.com", model="gpt-5", thread=thread)


def responses() -> Story:
    return Story(api="openai.responses", provider="openai", platform="openai", host="api.openai.com", model="gpt-5")


def gemini() -> Story:
    return Story(api="gemini.generate", provider="google", platform="vertex", model="gemini-3-pro")


def tool_message(call_id: str, text: str = "found") -> list[Segment]:
    return message(replace(result(call_id, text), role="tool"))


ASK = message(say("user", "where is it?"))
WELL = message(say("user", "well?"))
ANSWERED = [*ASK, *message(calling("a")), *message(result("a"))]


def test_a_thread_is_the_scope() -> None:
    assert Tools.scope is Scope.THREAD


class TestAnthropic:
    def test_calls_answered_in_the_next_turn_are_whole(self) -> None:
        parallel = [
            *ASK,
            *message(say("assistant", "looking"), calling("a"), calling("b")),
            *message(result("b"), result("a"), say("user", "go on")),
        ]
        assert faults(Story().exchange(ASK), Story().exchange(parallel)) == []

    def test_results_split_over_user_messages_are_one_turn(self) -> None:
        split = [*ASK, *message(calling("a"), calling("b")), *message(result("a")), *message(result("b"))]
        assert faults(Story().exchange(split)) == []

    def test_calls_split_over_assistant_messages_are_one_turn(self) -> None:
        split = [*ASK, *message(calling("a")), *message(calling("b")), *message(result("a"), result("b"))]
        assert faults(Story().exchange(split)) == []

    def test_a_call_at_the_end_of_the_prompt_is_pending(self) -> None:
        assert faults(Story().exchange([*ASK, *message(calling("a"))])) == []

    def test_a_call_sent_on_without_result_is_orphaned(self) -> None:
        story = Story()
        first = story.exchange(ASK, answer(call("a"), stop="tool_use"))
        second = story.exchange([*ASK, *message(calling("a")), *WELL], answer(status=400, error_type="invalid_request_error"))
        (fault,) = told(PairingFault, first, second)
        assert (fault.fault, fault.call_id, fault.tool, fault.exchange) == (PairFault.ORPHANED_CALL, "a", "look", 1)
        assert (fault.enforced, fault.refused, fault.confidence) == (True, True, "high")
        assert fault.locus == second.locus.at("/request/body/messages/1/content/0")
        assert fault.witness == (first.locus,), "the answer that made the call"

    def test_one_of_two_parallel_calls_may_be_orphaned(self) -> None:
        half = [*ASK, *message(calling("a"), calling("b")), *message(result("a"))]
        assert faults(Story().exchange(half)) == [(PairFault.ORPHANED_CALL, "b")]

    def test_the_same_fault_in_later_turns_is_one(self) -> None:
        story = Story()
        prompt = [*ASK, *message(calling("a")), *WELL]
        exchanges = [story.exchange(prompt)]
        for turn in range(5):
            prompt = [*prompt, *message(say("assistant", f"hm {turn}")), *message(say("user", f"and {turn}?"))]
            exchanges.append(story.exchange(prompt))
        assert [fact.exchange for fact in told(PairingFault, *exchanges)] == [0]

    def test_the_same_fault_after_an_edit_of_the_history_is_one(self) -> None:
        story = Story()
        orphan = [*message(calling("a")), *WELL]
        before = story.exchange([*ASK, *message(say("assistant", "yes")), *message(say("user", "do")), *orphan])
        compacted = story.exchange([*message(say("user", "summary")), *orphan])
        assert faults(before, compacted) == [(PairFault.ORPHANED_CALL, "a")]

    def test_a_result_for_no_call_is_orphaned(self) -> None:
        trimmed = [*message(result("gone"), say("user", "go on"))]
        assert faults(Story().exchange(trimmed)) == [(PairFault.ORPHANED_RESULT, "gone")]

    def test_a_result_given_twice_in_its_turn(self) -> None:
        twice = [*ASK, *message(calling("a")), *message(result("a"), result("a", "again"))]
        (fault,) = told(PairingFault, Story().exchange(twice))
        assert (fault.fault, fault.tool) == (PairFault.DUPLICATE_RESULT, "look")
        assert fault.locus.pointer == "/request/body/messages/2/content/1"
        assert [place.pointer for place in fault.witness] == ["/request/body/messages/1/content/0"]

    def test_a_result_given_again_in_a_later_turn(self) -> None:
        again = [*ANSWERED, *message(say("assistant", "so")), *message(result("a", "again"))]
        assert faults(Story().exchange(again)) == [(PairFault.DUPLICATE_RESULT, "a")]

    def test_a_result_that_comes_a_turn_late(self) -> None:
        late = [*ASK, *message(calling("a")), *message(say("user", "wait")), *message(say("assistant", "ok")), *message(result("a"))]
        (fault,) = told(PairingFault, Story().exchange(late))
        assert (fault.fault, fault.tool) == (PairFault.RESULT_NOT_ADJACENT, "look")

    def test_a_late_result_given_twice_is_late_and_a_duplicate(self) -> None:
        late = [*ASK, *message(calling("a")), *WELL, *message(say("assistant", "ok")), *message(result("a"), result("a", "again"))]
        assert faults(Story().exchange(late)) == [(PairFault.RESULT_NOT_ADJACENT, "a"), (PairFault.DUPLICATE_RESULT, "a")]

    def test_an_orphan_that_is_answered_late_is_both_in_turn(self) -> None:
        story = Story()
        orphan = [*ASK, *message(calling("a")), *message(say("user", "wait"))]
        late = [*orphan, *message(say("assistant", "ok")), *message(result("a"))]
        assert faults(story.exchange(orphan), story.exchange(late)) == [
            (PairFault.ORPHANED_CALL, "a"),
            (PairFault.RESULT_NOT_ADJACENT, "a"),
        ]

    def test_text_before_the_results_is_told_once_a_turn(self) -> None:
        text_first = [*ASK, *message(calling("a"), calling("b")), *message(say("user", "here"), result("a"), result("b"))]
        assert faults(Story().exchange(text_first)) == [(PairFault.TEXT_BEFORE_RESULT, "a")]

    def test_text_before_results_counts_over_split_messages(self) -> None:
        text_first = [*ASK, *message(calling("a")), *message(say("user", "here")), *message(result("a"))]
        assert faults(Story().exchange(text_first)) == [(PairFault.TEXT_BEFORE_RESULT, "a")]

    def test_a_system_message_must_not_stand_before_a_result(self) -> None:
        between = [*ASK, *message(calling("a")), *message(say("system", "note")), *message(result("a"))]
        assert faults(Story().exchange(between)) == [(PairFault.RESULT_NOT_ADJACENT, "a")]

    def test_two_calls_of_a_turn_with_one_id(self) -> None:
        same = [*ASK, *message(calling("a"), calling("a", arguments="[1]")), *message(result("a"))]
        assert faults(Story().exchange(same)) == [(PairFault.DUPLICATE_CALL_ID, "a")]

    def test_an_id_used_again_after_its_answer_is_only_reuse(self) -> None:
        reused = [*ANSWERED, *message(calling("a", arguments="[2]")), *message(result("a", "more"))]
        assert faults(Story().exchange(reused)) == [(PairFault.ID_REUSED_LATER, "a")]

    def test_an_id_used_again_while_unanswered_is_a_duplicate(self) -> None:
        again = [
            *ASK,
            *message(calling("a")),
            *message(say("user", "again")),
            *message(calling("a", arguments="[2]")),
            *message(result("a")),
        ]
        assert set(faults(Story().exchange(again))) == {(PairFault.ORPHANED_CALL, "a"), (PairFault.DUPLICATE_CALL_ID, "a")}

    def test_server_tools_pair_inside_the_assistant_message(self) -> None:
        searched = [*ASK, *message(*hosted("srvtoolu_1"), say("assistant", "done")), *message(say("user", "thanks"))]
        assert faults(Story().exchange(searched)) == []

    def test_a_server_tool_left_open_is_not_the_clients_orphan(self) -> None:
        mixed = [*ASK, *message(hosted("srvtoolu_1")[0], calling("a")), *message(result("a")), *message(hosted("srvtoolu_1")[1])]
        assert faults(Story().exchange(mixed)) == []

    def test_a_prompt_the_provider_took_speaks_against_the_fault(self) -> None:
        taken = Story().exchange([*ASK, *message(calling("a")), *WELL], answer())
        assert [fact.confidence for fact in told(PairingFault, taken)] == ["low"]

    def test_an_outage_says_nothing_of_the_prompt(self) -> None:
        failed = Story().exchange([*ASK, *message(calling("a")), *WELL], answer(status=529))
        assert [(fact.confidence, fact.refused) for fact in told(PairingFault, failed)] == [("high", False)]

    def test_a_gateway_of_unknown_making_is_asked_for_existence_alone(self) -> None:
        story = Story(provider="unknown", host="gateway.example")
        text_first = [*ASK, *message(calling("a")), *message(say("user", "here"), result("a"))]
        orphan = [*text_first, *message(calling("b")), *WELL]
        (fault,) = told(PairingFault, story.exchange(orphan, answer()))
        assert (fault.fault, fault.enforced, fault.confidence) == (PairFault.ORPHANED_CALL, False, "medium")


class TestChat:
    def test_tool_messages_right_after_the_calls_are_whole(self) -> None:
        prompt = [*message(say("system", "be brief")), *ASK, *message(calling("a"), calling("b")), *tool_message("b"), *tool_message("a")]
        assert faults(chat().exchange([*prompt, *message(say("user", "thanks"))])) == []

    def test_a_user_message_between_results(self) -> None:
        prompt = [*ASK, *message(calling("a"), calling("b")), *tool_message("a"), *message(say("user", "wait")), *tool_message("b")]
        assert faults(chat().exchange(prompt)) == [(PairFault.RESULT_NOT_ADJACENT, "b")]

    def test_an_assistant_message_between_call_and_result(self) -> None:
        prompt = [*ASK, *message(calling("a")), *message(say("assistant", "hm")), *tool_message("a")]
        assert faults(chat().exchange(prompt)) == [(PairFault.RESULT_NOT_ADJACENT, "a")]

    def test_an_assistant_text_before_the_calls_is_no_obstacle(self) -> None:
        prompt = [*ASK, *message(say("assistant", "hm")), *message(calling("a")), *tool_message("a")]
        assert faults(chat().exchange(prompt)) == []

    def test_a_call_without_tool_message_is_orphaned(self) -> None:
        assert faults(chat().exchange([*ASK, *message(calling("a")), *WELL])) == [(PairFault.ORPHANED_CALL, "a")]

    def test_legacy_functions_pair_by_name(self) -> None:
        prompt = [*ASK, *message(calling("", "sum")), *message(replace(result("", "3"), name="sum", role="function"))]
        assert faults(chat().exchange(prompt)) == []

    def test_a_compatible_server_may_place_results_freely(self) -> None:
        story = dataclasses.replace(chat(), provider="groq", host="api.groq.com")
        prompt = [*ASK, *message(calling("a")), *message(say("user", "wait")), *message(say("assistant", "ok")), *tool_message("a")]
        exchange = story.exchange(prompt, answer())
        assert faults(exchange) == []
        assert [fact.aspect for fact in told(Unchecked, exchange)] == ["result_not_adjacent"], "and is not called clean"

    def test_old_results_are_not_unchecked_again(self) -> None:
        story = dataclasses.replace(chat(), provider="groq", host="api.groq.com")
        prompt = [*ASK, *message(calling("a")), *tool_message("a")]
        first = story.exchange(prompt, answer())
        second = story.exchange([*prompt, *message(say("assistant", "so")), *message(say("user", "thanks"))], answer())
        assert [fact.exchange for fact in told(Unchecked, first, second)] == [0]


class TestResponses:
    def test_outputs_are_found_by_call_id_anywhere(self) -> None:
        prompt = [*ASK, *message(calling("a")), *message(say("user", "wait")), *message(say("assistant", "ok")), *message(result("a"))]
        assert faults(responses().exchange(prompt)) == []

    def test_an_output_may_stand_before_its_call(self) -> None:
        assert faults(responses().exchange([*ASK, *message(result("a")), *message(calling("a")), *message(say("user", "so?"))])) == []

    def test_a_call_without_output_is_orphaned(self) -> None:
        prompt = [*ASK, *message(calling("a")), *message(calling("b")), *message(result("b"))]
        assert faults(responses().exchange(prompt)) == [(PairFault.ORPHANED_CALL, "a")]

    def test_an_output_without_call_is_orphaned(self) -> None:
        assert faults(responses().exchange([*ASK, *message(result("x"))])) == [(PairFault.ORPHANED_RESULT, "x")]

    def test_an_output_given_twice(self) -> None:
        prompt = [*ASK, *message(calling("a")), *message(result("a")), *message(result("a", "again"))]
        assert faults(responses().exchange(prompt)) == [(PairFault.DUPLICATE_RESULT, "a")]

    def test_an_output_of_a_hosted_call_is_no_orphan(self) -> None:
        search = segment(Kind.SERVER_TOOL_CALL, "search", role="", call_id="s1")
        assert faults(responses().exchange([*ASK, *message(search), *message(result("s1")), *message(say("user", "go"))])) == []

    def test_a_fragment_is_unchecked_and_no_fault(self) -> None:
        story = responses()
        first = story.exchange(ASK, answer(call("a"), stop="completed"))
        second = story.exchange(message(result("a")), answer(), request={"complete": False})
        assert faults(first, second) == []
        assert [fact.exchange for fact in told(Unchecked, first, second) if fact.table == "pairing_faults"] == [1]
        assert [fact.answered for fact in told(ToolCalled, first, second)] == [True], "the output names the call it answers"

    def test_a_fragment_that_the_adapter_already_declared_is_not_told_again(self) -> None:
        only = responses().exchange(message(result("a")), request={"complete": False}, lacks={Need.PROMPT: "held by the provider"})
        assert told(Unchecked, only) == []


class TestGemini:
    def test_responses_pair_by_name_and_order(self) -> None:
        prompt = [
            *ASK,
            *message(*(function_call("roll", at) for at in range(3))),
            *message(*(function_result("roll", at) for at in range(3))),
        ]
        assert faults(gemini().exchange(prompt)) == []

    def test_fewer_responses_than_calls(self) -> None:
        prompt = [*ASK, *message(function_call("roll"), function_call("look")), *message(function_result("look"))]
        (fault,) = told(PairingFault, gemini().exchange(prompt))
        assert (fault.fault, fault.tool, fault.call_id) == (PairFault.ORPHANED_CALL, "roll", "")

    def test_more_responses_than_calls(self) -> None:
        prompt = [*ASK, *message(function_call("roll")), *message(function_result("roll", 0), function_result("roll", 1))]
        assert [fact.fault for fact in told(PairingFault, gemini().exchange(prompt))] == [PairFault.ORPHANED_RESULT]

    def test_the_count_decides_where_names_differ(self) -> None:
        assert faults(gemini().exchange([*ASK, *message(function_call("roll")), *message(function_result("dice"))])) == []

    def test_ids_pair_where_both_give_them(self) -> None:
        prompt = [*ASK, *message(calling("1"), calling("2")), *message(result("2"), result("1"))]
        assert faults(gemini().exchange(prompt)) == []

    def test_ids_that_differ_decide_nothing(self) -> None:
        """The API's refusal speaks of the count alone, and ids are optional."""
        named = replace(result("y"), name="roll")
        assert faults(gemini().exchange([*ASK, *message(calling("x", "roll")), *message(named)], answer())) == []

    def test_one_response_given_twice(self) -> None:
        prompt = [*ASK, *message(calling("x")), *message(result("x"), result("x", "again"))]
        assert faults(gemini().exchange(prompt)) == [(PairFault.DUPLICATE_RESULT, "x")]

    def test_text_may_stand_before_a_response(self) -> None:
        prompt = [*ASK, *message(function_call("roll")), *message(say("user", "here"), function_result("roll"))]
        assert faults(gemini().exchange(prompt)) == []


class TestBedrock:
    def test_text_before_a_result_is_refused_like_at_anthropic(self) -> None:
        story = Story(api="bedrock.converse", provider="aws", platform="bedrock")
        prompt = [*ASK, *message(calling("t")), *message(say("user", "here"), result("t"))]
        assert faults(story.exchange(prompt)) == [(PairFault.TEXT_BEFORE_RESULT, "t")]


class TestTranscripts:
    """Level B: messages as somebody kept them, not as a provider was sent them."""

    def test_order_is_unchecked_and_existence_is_not(self) -> None:
        story = Story(level=Level.MESSAGES)
        prompt = [
            *ASK,
            *message(calling("a")),
            *message(say("user", "wait"), result("a")),
            *message(calling("b")),
            *message(say("user", "?")),
        ]
        exchange = story.exchange(prompt)
        (fault,) = told(PairingFault, exchange)
        assert (fault.fault, fault.call_id, fault.confidence) == (PairFault.ORPHANED_CALL, "b", "medium")
        assert {fact.aspect for fact in told(Unchecked, exchange)} == {"result_not_adjacent", "text_before_result"}

    def test_a_pending_call_is_no_orphan(self) -> None:
        story = Story(level=Level.MESSAGES)
        assert faults(story.exchange(ASK, answer(call("a"), status=None))) == []


class TestToolCalls:
    def test_a_call_is_told_once_it_is_answered(self) -> None:
        story = Story()
        layer = Tools()
        assert list(layer.feed(story.exchange(ASK, answer(call("a"), stop="tool_use"), request={"offered": frozenset({"look"})}))) == []
        (fact,) = layer.feed(story.exchange(ANSWERED, answer()))
        assert isinstance(fact, ToolCalled)
        assert (fact.exchange, fact.tool, fact.call_id, fact.answered, fact.side) == (0, "look", "a", True, "client")
        assert list(layer.close()) == []

    def test_a_call_sent_on_without_result_is_unanswered(self) -> None:
        story = Story()
        first = story.exchange(ASK, answer(call("a"), stop="tool_use"))
        second = story.exchange([*ASK, *message(calling("a")), *WELL])
        assert [fact.answered for fact in told(ToolCalled, first, second)] == [False]

    def test_a_call_still_pending_at_the_end_is_unknown(self) -> None:
        assert [fact.answered for fact in told(ToolCalled, Story().exchange(ASK, answer(call("a"))))] == [None]

    def test_a_refused_exchange_made_no_calls(self) -> None:
        assert told(ToolCalled, Story().exchange(ASK, answer(call("a"), status=400))) == []

    def test_a_server_tool_is_the_providers_affair(self) -> None:
        (fact,) = told(ToolCalled, Story().exchange(ASK, answer(call("srvtoolu_1", server=True))))
        assert (fact.side, fact.answered) == ("server", None)

    def test_a_reused_id_settles_call_by_call(self) -> None:
        story = Story()
        first = story.exchange(ASK, answer(call("a")))
        second = story.exchange(ANSWERED, answer(call("a")))
        third = story.exchange([*ANSWERED, *message(calling("a", arguments="[2]")), *WELL])
        assert [(fact.exchange, fact.answered) for fact in told(ToolCalled, first, second, third)] == [(0, True), (1, False)]

    def test_an_old_call_does_not_settle_a_new_one_of_its_id(self) -> None:
        story = Story()
        first = story.exchange(ANSWERED, answer(call("a")))
        second = story.exchange([*ANSWERED, *WELL])
        assert [fact.answered for fact in told(ToolCalled, first, second)] == [None]

    def test_calls_of_one_id_settle_in_the_order_they_were_made(self) -> None:
        story = Story()
        first = story.exchange(ASK, answer(call("a")))
        second = story.exchange([*ASK, *WELL], answer(call("a")))
        third = story.exchange([*ANSWERED, *message(calling("a", arguments="[2]")), *WELL])
        assert {(fact.exchange, fact.answered) for fact in told(ToolCalled, first, second, third)} == {(0, True), (1, False)}

    def test_calls_without_ids_are_known_by_name_and_arguments(self) -> None:
        story = gemini()
        made = ToolCall(id="", name="roll", arguments=digest("[7]"), state=ArgumentState.PARSED, pointer="/response/body/x")
        first = story.exchange(ASK, answer(made, stop="STOP"))
        sent = replace(function_call("roll", 7), arguments=digest("[7]"))
        second = story.exchange([*ASK, *message(sent), *message(function_result("roll"))])
        (fact,) = told(ToolCalled, first, second)
        assert (fact.answered, fact.locus.pointer) == (True, "/response/body/x")

    def test_a_client_may_give_an_id_to_a_call_that_came_without(self) -> None:
        story = gemini()
        made = ToolCall(id="", name="roll", arguments=digest("[7]"), state=ArgumentState.PARSED, pointer="")
        first = story.exchange(ASK, answer(made, stop="STOP"))
        second = story.exchange([*ASK, *message(calling("mine", "roll", "[7]")), *message(result("mine"))])
        assert [fact.answered for fact in told(ToolCalled, first, second)] == [True]


OFFERS = {"offered": frozenset({"look", "mcp__files__read", "Bash"})}


class TestCallFaults:
    def test_an_offered_tool_is_no_fault(self) -> None:
        assert told(CallFault, Story().exchange(ASK, answer(call("a", "look")), request=OFFERS)) == []

    def test_a_tool_nobody_offered(self) -> None:
        (fault,) = told(CallFault, Story().exchange(ASK, answer(call("a", "list_files")), request=OFFERS))
        assert (fault.fault, fault.tool, fault.blame, fault.confidence) == (ResponseFault.UNKNOWN_TOOL, "list_files", Blame.MODEL, "high")

    def test_no_tool_offered_at_all(self) -> None:
        assert len(told(CallFault, Story().exchange(ASK, answer(call("a")), request={"offered": frozenset()}))) == 1

    @pytest.mark.parametrize("name", ["read", "bash", "functions.look", "gw:look", "x/look"])
    def test_a_name_in_another_spelling_may_be_a_gateways(self, name: str) -> None:
        assert [fact.confidence for fact in told(CallFault, Story().exchange(ASK, answer(call("a", name)), request=OFFERS))] == ["low"]

    @pytest.mark.parametrize("name", ["lookup", "relook", "look_", "ad", "mcp__files", ""])
    def test_a_name_that_merely_resembles_one_is_not(self, name: str) -> None:
        found = told(CallFault, Story().exchange(ASK, answer(call("a", name)), request=OFFERS))
        assert [fact.confidence for fact in found] == ["high"] * bool(name)

    def test_tools_found_by_search_count_as_offered(self) -> None:
        assert told(CallFault, Story().exchange(ASK, answer(call("a", "late")), request={**OFFERS, "deferred": True})) == []

    def test_server_tools_are_not_judged(self) -> None:
        assert told(CallFault, Story().exchange(ASK, answer(call("a", "bash_code_execution", server=True)), request=OFFERS)) == []

    def test_unrecorded_definitions_are_unchecked(self) -> None:
        exchange = Story().exchange(ASK, answer(call("a", "late")))
        assert told(CallFault, exchange) == []
        aspects = [("call_faults", "unknown_tool"), ("call_faults", "arguments_violate_schema")]
        assert [(fact.table, fact.aspect) for fact in told(Unchecked, exchange)] == aspects

    def test_arguments_against_the_schema_are_told_with_the_place_in_it(self) -> None:
        against = Conformance("invalid", "required", "/required/path", promised=True)
        exchange = Story().exchange(ASK, answer(replace(call("a"), conforms=against)), request=OFFERS)
        (found,) = told(CallFault, exchange)
        assert (found.fault, found.blame) == (ResponseFault.ARGUMENTS_VIOLATE_SCHEMA, Blame.MODEL)
        assert (found.keyword, found.where, found.promised) == ("required", "/required/path", True)

    def test_arguments_as_the_schema_says_are_no_fact(self) -> None:
        exchange = Story().exchange(ASK, answer(replace(call("a"), conforms=Conformance("valid"))), request=OFFERS)
        assert told(CallFault, exchange) == told(Unchecked, exchange) == []

    def test_arguments_that_could_not_be_validated_are_unchecked_with_the_reason(self) -> None:
        why = Conformance("unchecked", reason="the schema refers to another document")
        exchange = Story().exchange(ASK, answer(replace(call("a"), conforms=why)), request=OFFERS)
        assert told(CallFault, exchange) == []
        assert [(fact.aspect, fact.reason) for fact in told(Unchecked, exchange)] == [("arguments_violate_schema", why.reason)]

    def test_a_prompt_held_by_the_provider_may_bring_tools_along(self) -> None:
        exchange = responses().exchange(ASK, answer(call("a")), request={"offered": frozenset(), "complete": False})
        assert told(CallFault, exchange) == []
        assert "unknown_tool" in {fact.aspect for fact in told(Unchecked, exchange)}

    def test_without_calls_nothing_is_unchecked(self) -> None:
        assert told(Unchecked, Story().exchange(ASK, answer())) == []

    def test_calls_in_the_history_are_not_judged(self) -> None:
        prompt = [*ASK, *message(calling("a", "retired")), *message(result("a"))]
        assert told(CallFault, Story().exchange(prompt, answer(), request=OFFERS)) == []

    @pytest.mark.parametrize(
        ("state", "stop", "streamed", "fault", "blame"),
        [
            (ArgumentState.INVALID, "tool_use", False, ResponseFault.ARGUMENTS_NOT_JSON, Blame.MODEL),
            (ArgumentState.INVALID, "max_tokens", False, ResponseFault.ARGUMENTS_CUT, Blame.LIMIT),
            (ArgumentState.CUT, "max_tokens", True, ResponseFault.ARGUMENTS_CUT, Blame.LIMIT),
            (ArgumentState.CUT, "", True, ResponseFault.ARGUMENTS_CUT, Blame.TRANSPORT),
            (ArgumentState.CUT, "tool_use", True, ResponseFault.ARGUMENTS_NOT_JSON, Blame.UNKNOWN),
        ],
    )
    def test_who_is_to_blame_for_arguments(
        self, state: ArgumentState, stop: str, streamed: bool, fault: ResponseFault, blame: Blame
    ) -> None:
        record = stream("anthropic", ["message_start"]) if streamed else None
        (found,) = told(CallFault, Story().exchange(ASK, answer(call("a", state=state), stop=stop, stream=record), request=OFFERS))
        assert (found.fault, found.blame) == (fault, blame)

    def test_only_the_last_call_can_have_been_cut_by_the_end(self) -> None:
        calls = (call("a", state=ArgumentState.INVALID), call("b", state=ArgumentState.CUT))
        found = told(CallFault, chat().exchange(ASK, answer(*calls, stop="length"), request=OFFERS))
        assert [(fact.call_id, fact.blame) for fact in found] == [("a", Blame.MODEL), ("b", Blame.LIMIT)]

    def test_a_whole_stream_without_stop_word_did_not_break_off(self) -> None:
        record = stream("chat", [("delta", 0, "tool_call_start"), ("delta", 0, "tool_arguments"), "done"])
        bad = call("a", state=ArgumentState.INVALID)
        assert [fact.blame for fact in told(CallFault, chat().exchange(ASK, answer(bad, stop="", stream=record), request=OFFERS))] == [
            Blame.MODEL
        ]

    def test_an_answer_the_recording_lost_is_not_judged(self) -> None:
        lost = Story().exchange(ASK, answer(call("a", "late")), request=OFFERS, lacks={Need.RESPONSE: "binary"})
        assert told(CallFault, lost) == [] and told(ToolCalled, lost) == []

    def test_an_object_that_a_limit_cut_still_parses(self) -> None:
        cut = call("a", state=ArgumentState.CUT)
        assert told(CallFault, Story().exchange(ASK, answer(cut, stop="max_tokens"), request=OFFERS)) == []

    @pytest.mark.parametrize("state", [ArgumentState.PARSED, ArgumentState.EMPTY])
    def test_absent_arguments_are_none_to_parse(self, state: ArgumentState) -> None:
        assert told(CallFault, Story().exchange(ASK, answer(call("a", state=state)), request=OFFERS)) == []


def hosted(id: str) -> tuple[Segment, Segment]:
    """A server tool's call and result, both the assistant's."""
    made = segment(Kind.SERVER_TOOL_CALL, f"search {id}", role="assistant", call_id=id, name="web_search")
    return made, segment(Kind.SERVER_TOOL_RESULT, f"hits {id}", role="assistant", call_id=id)


def function_call(name: str, number: int = 0) -> Segment:
    return segment(Kind.TOOL_CALL, f"{name} {number}", role="model", name=name, arguments=digest(str(number)))


def function_result(name: str, number: int = 0) -> Segment:
    return segment(Kind.TOOL_RESULT, f"{name} gave {number}", role="user", name=name)


# --- any conversation -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """A model turn with calls (by number of their tool), the order of the results, and what surrounds them."""

    tools: tuple[int, ...]
    order: tuple[int, ...]
    text: bool
    remark: bool


@st.composite
def conversations(draw: st.DrawFn) -> list[Round]:
    rounds = []
    for _ in range(draw(st.integers(1, 5))):
        tools = tuple(draw(st.lists(st.integers(0, 2), min_size=0, max_size=4)))
        rounds.append(Round(tools, tuple(draw(st.permutations(range(len(tools))))), draw(st.booleans()), draw(st.booleans())))
    return rounds


APIS = ("anthropic.messages", "bedrock.converse", "openai.chat", "openai.responses", "gemini.generate")


def story_of(api: str) -> Story:
    return {"openai.chat": chat, "openai.responses": responses, "gemini.generate": gemini}.get(
        api, lambda: Story() if api == "anthropic.messages" else Story(api=api, provider="aws", platform="bedrock")
    )()


def spoken(api: str, rounds: Sequence[Round], *, split: bool = False, servers: bool = False, dropped: int = -1) -> list[list[Segment]]:
    """The prompts of a conversation, growing by a round each; `dropped` leaves out that many-th result."""
    prompt = [*ASK]
    prompts = [list(prompt)]
    count = 0
    for number, round in enumerate(rounds):
        results = []
        for index in round.order if api != "gemini.generate" else range(len(round.tools)):
            if count + index != dropped:
                results.append(_result(api, number, index, round.tools[index]))
        count += len(round.tools)
        made = [_call(api, number, index, tool) for index, tool in enumerate(round.tools)]
        prompt += _laid_out(api, number, round, made, results, split=split, servers=servers)
        prompts.append(list(prompt))
    return prompts


def _laid_out(
    api: str, number: int, round: Round, made: list[Segment], results: list[Segment], *, split: bool, servers: bool
) -> Iterator[Segment]:
    model = "model" if api == "gemini.generate" else "assistant"
    before = [say(model, f"thinking of {number}")] * round.text
    if servers and api == "anthropic.messages":
        before += hosted(f"srvtoolu_{number}")
    after = [say("user", f"remark {number}")] * (round.remark or not results)
    if api == "openai.responses":
        yield from (piece for each in (*before, *made, *results, *after) for piece in message(each))
    elif api == "openai.chat":
        yield from message(*before, *made)
        yield from (piece for each in (*results, *after) for piece in message(each))
    else:
        yield from message(*before, *made)
        yield from (piece for each in (*results, *after) for piece in message(each)) if split else message(*results, *after)


def _call(api: str, number: int, index: int, tool: int) -> Segment:
    if api == "gemini.generate":
        return function_call(f"tool{tool}", number * 100 + index)
    return calling(f"call_{number}_{index}", f"tool{tool}", f"[{number}]")


def _result(api: str, number: int, index: int, tool: int) -> Segment:
    if api == "gemini.generate":
        return function_result(f"tool{tool}", number * 100 + index)
    return replace(result(f"call_{number}_{index}"), role="tool" if api == "openai.chat" else "user")


def replayed(api: str, prompts: Sequence[Sequence[Segment]]) -> list[tuple[PairFault, str, str]]:
    story = story_of(api)
    return [(fact.fault, fact.tool, fact.call_id) for fact in told(PairingFault, *[story.exchange(list(prompt)) for prompt in prompts])]


@given(st.sampled_from(APIS), conversations(), st.booleans(), st.booleans())
def test_a_valid_conversation_raises_nothing(api: str, rounds: list[Round], split: bool, servers: bool) -> None:
    assert replayed(api, spoken(api, rounds, split=split, servers=servers)) == []


@given(st.sampled_from(APIS), conversations(), st.integers(0, 19), st.booleans(), st.booleans())
def test_one_result_left_out_is_one_orphaned_call(api: str, rounds: list[Round], dropped: int, split: bool, servers: bool) -> None:
    total = sum(len(round.tools) for round in rounds)
    if not total:
        return
    found = replayed(api, spoken(api, rounds, split=split, servers=servers, dropped=dropped % total))
    assert [fault for fault, _, _ in found] == [PairFault.ORPHANED_CALL]


@given(st.sampled_from(APIS), conversations(), st.integers(-1, 19))
def test_a_thread_shows_what_its_last_prompt_shows(api: str, rounds: list[Round], dropped: int) -> None:
    prompts = spoken(api, rounds, dropped=dropped)
    assert replayed(api, prompts) == replayed(api, prompts[-1:])


@given(conversations(), st.integers(-1, 19))
def test_splitting_user_messages_and_server_tools_change_nothing(rounds: list[Round], dropped: int) -> None:
    plain = spoken("anthropic.messages", rounds, dropped=dropped)
    other = spoken("anthropic.messages", rounds, dropped=dropped, split=True, servers=True)
    assert replayed("anthropic.messages", plain) == replayed("anthropic.messages", other)


def test_a_long_thread_costs_what_is_new_in_it() -> None:
    story = Story()
    prompt: list[Segment] = []
    exchanges = []
    for turn in range(60):
        clock = segment(Kind.TEXT, f"it is {turn}", role="system", zone=Zone.SYSTEM)
        prompt += [*message(say("user", f"do {turn}")), *message(calling(f"c{turn}")), *message(result(f"c{turn}"))]
        exchanges.append(story.exchange([clock, *prompt]))
    visited = 0
    whole = Prefix.segments

    def counted(self: Prefix, start: int = 0, stop: int | None = None) -> Iterator[Any]:
        nonlocal visited
        for piece in whole(self, start, stop):
            visited += 1
            yield piece

    with patch.object(Prefix, "segments", counted):
        told(PairingFault, *exchanges)
    assert visited <= 4 * len(prompt), "a clock in the system prompt makes no message new"


PAIR = [*ASK, *message(calling("a"), calling("b"))]


class TestSplitResults:
    def test_parallel_results_in_two_messages_are_told_once(self) -> None:
        story = Story()
        split = [*PAIR, *message(result("a")), *message(result("b"))]
        later = [*split, *message(say("assistant", "both found")), *WELL]
        (found,) = told(SplitResults, story.exchange(split), story.exchange(later))
        assert (found.exchange, found.results, found.messages) == (0, 2, 2)
        assert faults(Story().exchange(split)) == []

    @pytest.mark.parametrize(
        "prompt",
        [
            [*PAIR, *message(result("a"), result("b"))],
            [*PAIR, *message(result("a"), result("b")), *WELL],
            [*ASK, *message(calling("a")), *message(calling("b")), *message(result("a")), *message(result("b"))],
            ANSWERED,
        ],
    )
    def test_results_that_come_together_are_not(self, prompt: list[Segment]) -> None:
        assert told(SplitResults, Story().exchange(prompt)) == []

    def test_apis_with_a_message_a_result_are_not_judged(self) -> None:
        assert told(SplitResults, chat().exchange([*PAIR, *tool_message("a"), *tool_message("b")])) == []

    def test_transcripts_are_not_judged(self) -> None:
        assert told(SplitResults, Story(level=Level.MESSAGES).exchange([*PAIR, *message(result("a")), *message(result("b"))])) == []
