"""The prefix layer: one change a request, the first that differs, named by what it is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from seamaudit.layers.prefix import Edit, PrefixChange, PrefixLayer
from seamaudit.trace import Breakpoint, Exchange, Kind, Link, Segment, Zone
from seamaudit.trace.textdiff import Shape
from tests.builders import Story, answer, say, segment

RULES = "You answer questions about the handbook. " * 8


def tool(name: str, text: str = "") -> Segment:
    return segment(Kind.TOOL_DEFINITION, f"{name} {text}", zone=Zone.TOOLS, role="", name=name)


def system(text: str, **columns: Any) -> Segment:
    return segment(Kind.TEXT, text, zone=Zone.SYSTEM, role="system", **columns)


def changes(*exchanges: Exchange, texts: dict[int, bytes] | None = None) -> list[PrefixChange]:
    layer = PrefixLayer((texts or {}).get)
    return [fact for exchange in exchanges for fact in layer.feed(exchange) if isinstance(fact, PrefixChange)]


def told(story: Story, *prompts: list[Segment], **request: Any) -> list[PrefixChange]:
    """The changes of a thread whose turns send these prompts; each segment's text is its own."""
    exchanges = [story.exchange(prompt, answer(), request=request) for prompt in prompts]
    texts = {known.id: text for known in story.tape.segments if (text := _text(known, prompts)) is not None}
    return changes(*exchanges, texts=texts)


def _text(known: Segment, prompts: tuple[list[Segment], ...]) -> bytes | None:
    return next(
        (TEXTS[piece.ordered] for prompt in prompts for piece in prompt if piece.ordered == known.ordered and piece.ordered in TEXTS), None
    )


TEXTS: dict[bytes, bytes] = {}


def written(text: str) -> Segment:
    piece = system(text)
    TEXTS[piece.ordered] = text.encode()
    return piece


def test_a_thread_that_only_grows_has_no_change() -> None:
    prompt = [system(RULES), say("user", "hi")]
    assert told(Story(), prompt, [*prompt, say("assistant", "hello"), say("user", "more")]) == []


@pytest.mark.parametrize(
    ("was", "now", "shape"),
    [
        ("Now 2026-09-21T14:00:07Z. ", "Now 2026-09-21T14:01:09Z. ", Shape.CLOCK),
        ("Request 3f2504e0-4f89-41d3-9a0c-0305e82c3301. ", "Request 9b2d04e0-4f89-41d3-9a0c-0305e82c4402. ", Shape.IDENTIFIER),
        ("Be kind. ", "Be strict with them. ", Shape.TEXT),
    ],
)
def test_the_first_difference_is_found_to_the_byte(was: str, now: str, shape: Shape) -> None:
    before, after = written(RULES + was + RULES), written(RULES + now + RULES)
    (change,) = told(Story(), [before, say("user", "hi")], [after, say("user", "hi")])
    assert change.zone is Zone.SYSTEM
    assert change.edit is Edit.REPLACED
    assert change.shape is shape
    at = change.diverges_at
    assert at is not None
    old, new = (RULES + was + RULES).encode(), (RULES + now + RULES).encode()
    assert old[:at] == new[:at]
    assert old[at] != new[at]
    assert change.similar


def test_the_same_tools_in_another_order_are_reordered() -> None:
    (change,) = told(Story(), [tool("a"), tool("b"), say("user", "hi")], [tool("b"), tool("a"), say("user", "hi")])
    assert (change.zone, change.edit, change.tools_added, change.tools_removed) == (Zone.TOOLS, Edit.REORDERED, 0, 0)


def test_a_tool_that_came_is_counted() -> None:
    (change,) = told(Story(), [tool("a"), say("user", "hi")], [tool("new"), tool("a"), say("user", "hi")])
    assert (change.edit, change.tools_added, change.tools_removed, change.tool) == (Edit.INSERTED, 1, 0, "new")


def test_equal_values_with_other_keys_first_are_named_so() -> None:
    one, two = tool("a", "one"), tool("a", "two")
    (change,) = told(Story(), [one, say("user", "hi")], [replace(two, canonical=one.canonical), say("user", "hi")])
    assert change.edit is Edit.KEY_ORDER


def test_a_message_that_slid_out_is_removed() -> None:
    turns = [say("user" if n % 2 == 0 else "assistant", f"turn {n}") for n in range(8)]
    (change,) = told(Story(), [*turns[:7]], [turns[0], *turns[3:]])
    assert (change.zone, change.edit) == (Zone.MESSAGES, Edit.REMOVED)


def test_the_marked_block_is_known_as_such() -> None:
    story = Story()
    first = story.exchange([system(RULES), say("user", "one")], answer(), request={"breakpoints": (Breakpoint(2, "5m"),)})
    second = story.exchange([system(RULES), say("user", "two")], answer(), request={"breakpoints": (Breakpoint(2, "5m"),)})
    (change,) = changes(first, second)
    assert change.marked


def test_without_a_turn_before_the_nearest_request_is_the_base() -> None:
    story = Story()
    first = story.exchange([system("one " + RULES), say("user", "hi")], answer())
    other = story.exchange([system("two " + RULES), say("user", "ho")], answer(), previous=None)
    link = Link(first.id, first.locus, first.request.prefix, 0)
    (change,) = changes(first, replace(other, nearest=link))
    assert (change.base, change.base_exchange) == ("nearest", first.id)
    assert not change.similar, "their texts are no longer at hand"


def test_a_marked_block_that_is_gone_with_the_next_request_is_known_and_named() -> None:
    story = Story()
    task, note, said, more = say("user", "task"), say("user", "status"), say("assistant", "step"), say("user", "more")
    first = story.exchange([system(RULES), task, note], answer(), request={"breakpoints": (Breakpoint(3, "5m"),)})
    second = story.exchange([system(RULES), task, said, more], answer(), request={"breakpoints": (Breakpoint(4, "5m"),)})
    (change,) = changes(first, second)
    assert change.was_marked
    assert not change.marked
    assert change.block == "messages, first user turn", "the block that went, not the one that stands there now"


@pytest.mark.parametrize("heading", ["\n# Passages\n", "\n<context>", "\nRetrieved documents:\n", "\n## Relevant articles\n### Parcels\n"])
def test_text_that_changes_where_its_block_declares_passages_is_declared(heading: str) -> None:
    (change,) = told(Story(), *([written(RULES + heading + f"All about {what}.")] for what in ("parcels", "refunds")))
    assert change.declared_retrieval


@pytest.mark.parametrize("heading", ["\n# State\n", "\n# Passages\nNone.\n# State\n", "\n<context>None.</context>", "\nContext: "])
def test_text_that_changes_elsewhere_is_not(heading: str) -> None:
    (change,) = told(Story(), *([written(RULES + heading + f"All about {what}.")] for what in ("parcels", "refunds")))
    assert not change.declared_retrieval
