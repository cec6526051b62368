"""What stands at one position of a Responses prompt: an item, or one part of a message item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, arranged, fields, items, life, opening, part_life, retrieved_text, signature, text_in, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.prompt import DEFERRED, INCOMPLETE
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Kind, Zone

_SYSTEM_ROLES = frozenset({"system", "developer"})
_ORDER = ("type", "id", "call_id", "name", "namespace", "arguments", "input", "output", "action", "summary", "content", "encrypted_content")
_BESIDE = frozenset({"status", "phase", "cache_control", "prompt_cache_breakpoint"})
_TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_KINDS: Mapping[str, Kind] = {"refusal": Kind.TEXT, "input_image": Kind.IMAGE, "input_file": Kind.DOCUMENT}
_TOOL_NOTES = frozenset({"tool_search", "namespace"})
_TOOL_ITEMS = frozenset({"additional_tools", "tool_search_output"})


def tool(sent: Any, pointer: str) -> list[Block]:
    """A tool definition; a hosted tool goes by the name of its call items. A deferred one is no position: it comes in where it is found."""
    given = fields(sent)
    kind = word(given.get("type"))
    deferred = given.get("defer_loading") is True
    block = Block(
        zone=Zone.TOOLS,
        role="",
        kind=Kind.TOOL_DEFINITION,
        value=given or sent,
        array="tools",
        path=pointer,
        starts=True,
        scalar=True,
        name=word(given.get("name")) or ("computer" if kind.startswith("computer") else kind),
        apart=deferred,
        note=DEFERRED if deferred or kind in _TOOL_NOTES else "",
        schema=declared(given.get("parameters"), promised=given.get("strict") is True),
    )
    return [block]


def instructions(sent: Any) -> list[Block]:
    """The system prompt."""
    return [_whole_text(sent, Zone.SYSTEM, "system", "instructions")]


def input_text(sent: Any) -> list[Block]:
    """An input that is a string: one user text."""
    return [_whole_text(sent, Zone.MESSAGES, "user", "input")]


def item(sent: Any) -> list[Block]:
    """The blocks of one input item."""
    return opening(blocks(sent, Zone.MESSAGES))


def leading(sent: Any) -> list[Block]:
    """The blocks of an item that stands before the dialogue: system and developer messages are the system zone there."""
    return opening(blocks(sent, Zone.SYSTEM if word(fields(sent).get("role")) in _SYSTEM_ROLES else Zone.MESSAGES))


def call_id(sent: Mapping[str, Any]) -> str:
    """What a call and its output share; hosted calls have no `call_id` and go by their own id."""
    return word(sent.get("call_id")) or word(sent.get("id"))


def kind_of(sent: Mapping[str, Any]) -> Kind:
    """An item's kind. What has a `call_id` is the client's to answer, except where it says that the server does."""
    type_ = word(sent.get("type"))
    own = bool(word(sent.get("call_id"))) and sent.get("execution") != "server"
    if type_ == "reasoning":
        return Kind.THINKING
    if type_.endswith("_call"):
        return Kind.TOOL_CALL if own else Kind.SERVER_TOOL_CALL
    if type_.endswith("_output"):
        return Kind.TOOL_RESULT if own else Kind.SERVER_TOOL_RESULT
    return Kind.OTHER


def given_arguments(sent: Mapping[str, Any]) -> Any:
    """A call's arguments as sent: JSON text, free text (custom tools), or an object such as a shell call's action."""
    if "arguments" in sent:
        return sent["arguments"]
    return {"input": sent["input"]} if isinstance(sent.get("input"), str) else sent.get("action", sent.get("operation"))


def blocks(sent: Any, zone: Zone) -> list[Block]:
    """The blocks of an item, as it is answered and as it is sent back; `zone` is where a message stands."""
    if not isinstance(sent, dict):
        raise Rejected("unknown_body")
    if sent.get("type") in (None, "message") and "role" in sent:
        return _message(sent, zone)
    kind = kind_of(sent)
    block = Block(Zone.MESSAGES, _role(kind), kind, arranged(sent, _ORDER, _beside(sent, kind)), "input", "", False)
    if kind in (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL):
        name = word(sent.get("name")) or word(sent.get("type")).removesuffix("_call")
        return [replace(block, call_id=call_id(sent), name=name, arguments=arguments(given_arguments(sent))[0])]
    if kind in (Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT):
        return [_result(block, sent)]
    if kind is Kind.THINKING:
        return [replace(block, signature=signature(sent.get("id"), sent.get("encrypted_content")))]
    note = DEFERRED if word(sent.get("type")) in _TOOL_ITEMS else INCOMPLETE if sent.get("type") == "item_reference" else ""
    return [replace(block, note=note)]


def _whole_text(sent: Any, zone: Zone, role: str, array: str) -> Block:
    if not isinstance(sent, str):
        raise Rejected("unknown_body")
    tagged = retrieved_text(sent)
    value = {"type": "text", "text": sent}
    return Block(zone, role, Kind.TEXT, value, array, "", True, scalar=True, retrieved=bool(tagged), text=tagged)


def _role(kind: Kind) -> str:
    return "tool" if kind in (Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT) else "assistant"


def _beside(sent: Mapping[str, Any], kind: Kind) -> frozenset[str]:
    """Members that are not prompt: states, empty lists, and an id that refers to nothing the item does not hold itself."""
    empty = {key for key, value in sent.items() if value == []}
    held = bool(sent.get("encrypted_content") or sent.get("content")) if kind is Kind.THINKING else bool(word(sent.get("call_id")))
    return _BESIDE | empty | ({"id"} if held else set())


def _message(sent: Mapping[str, Any], zone: Zone) -> list[Block]:
    role = word(sent.get("role")) or "user"
    content = sent.get("content")
    if isinstance(content, str):
        return [_part({"type": "text", "text": content}, zone, role, "/content")]
    parts = [_part(part, zone, role, f"/content/{at}") for at, part in enumerate(items(content))]
    return parts or [Block(zone, role, Kind.OTHER, content, "input", "", False)]


def _part(sent: Any, zone: Zone, role: str, path: str) -> Block:
    if not isinstance(sent, dict):
        return Block(zone, role, Kind.OTHER, sent, "input", path, False)
    kind = Kind.TEXT if word(sent.get("type")) in _TEXT_PARTS else _KINDS.get(word(sent.get("type")), Kind.OTHER)
    tagged = retrieved_text(word(sent.get("text"))) if role != "assistant" else ""
    return Block(
        zone,
        role,
        kind,
        _bare(sent),
        "input",
        path,
        False,
        ttl=part_life(sent),
        retrieved=bool(tagged) or kind is Kind.DOCUMENT,
        text=tagged,
        unsized=kind not in (Kind.TEXT, Kind.OTHER) or sent.get("type") == "input_audio",
    )


def _bare(part: Any) -> Any:
    """A content part: any text part is its text; citations and token probabilities are no prompt."""
    if not isinstance(part, dict):
        return part
    if word(part.get("type")) in _TEXT_PARTS:
        return {"type": "text", "text": part.get("text")}
    return arranged(part, _ORDER, _BESIDE)


def _result(block: Block, sent: Mapping[str, Any]) -> Block:
    output = sent.get("output")
    parts: Sequence[Any] = [{"type": "text", "text": output}] if isinstance(output, str) else items(output)
    value = block.value | {"output": [_bare(part) for part in parts]} if parts else block.value
    lives = [ttl for part in parts if (ttl := part_life(fields(part)))]
    return replace(
        block,
        value=value,
        call_id=call_id(sent),
        ttl=lives[-1] if lives else life(sent.get("cache_control")),
        text=text_in(output),
        unsized=any(word(fields(part).get("type")) not in _TEXT_PARTS for part in parts),
        note=DEFERRED if sent.get("type") in _TOOL_ITEMS else "",
    )
