"""What stands at one position of an Anthropic prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, arranged, fields, items, life, opening, retrieved_text, signature, text_in, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.prompt import DEFERRED
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Kind, Segment, Zone

_ORDER = ("type", "id", "tool_use_id", "name", "text", "thinking", "signature", "data", "input", "content", "is_error", "source")
_MARKER = frozenset({"cache_control"})
_KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "thinking": Kind.THINKING,
    "redacted_thinking": Kind.THINKING,
    "tool_use": Kind.TOOL_CALL,
    "tool_result": Kind.TOOL_RESULT,
    "server_tool_use": Kind.SERVER_TOOL_CALL,
    "mcp_tool_use": Kind.SERVER_TOOL_CALL,
    "image": Kind.IMAGE,
    "document": Kind.DOCUMENT,
    "search_result": Kind.DOCUMENT,
}
_TOOL_CHANGES = frozenset({"tool_addition", "tool_removal"})
_SERVER_ID = "srvtoolu_"
_EMPTY_TEXT = len(b'{"type":"text","text":""}')


def kind_of(sent: Mapping[str, Any]) -> Kind:
    """A content block's kind. What carries a server tool's id is the server's, whatever type a gateway gives it."""
    type_ = word(sent.get("type"))
    kind = _KINDS.get(type_, Kind.SERVER_TOOL_RESULT if type_.endswith("_tool_result") else Kind.OTHER)
    if kind is Kind.TOOL_CALL and word(sent.get("id")).startswith(_SERVER_ID):
        return Kind.SERVER_TOOL_CALL
    if kind is Kind.TOOL_RESULT and word(sent.get("tool_use_id")).startswith(_SERVER_ID):
        return Kind.SERVER_TOOL_RESULT
    return kind


def can_be_marked(segment: Segment) -> bool:
    """Whether a block can carry a marker: not thinking, not an empty text (prompt caching, "what can be cached")."""
    return segment.kind is not Kind.THINKING and not (segment.kind is Kind.TEXT and segment.length <= _EMPTY_TEXT)


def tool(sent: Any, pointer: str) -> list[Block]:
    """A tool definition. A deferred one is no position: it comes into the prompt where it is found."""
    given = fields(sent)
    kind = word(given.get("type"))
    deferred = given.get("defer_loading") is True
    block = Block(
        zone=Zone.TOOLS,
        role="",
        kind=Kind.TOOL_DEFINITION,
        value={key: value for key, value in given.items() if key != "cache_control"} if given else sent,
        array="tools",
        path=pointer,
        starts=True,
        scalar=True,
        name=word(given.get("name")) or kind,
        ttl=life(given.get("cache_control")),
        note=DEFERRED if deferred or kind.startswith("tool_search") else "",
        schema=declared(given.get("input_schema"), promised=given.get("strict") is True),
    )
    return [replace(block, apart=True, ttl="") if deferred else block]


def system_text(sent: Any) -> list[Block]:
    """A system prompt that is a string."""
    return [replace(_string(sent, Zone.SYSTEM, "system"), array="system", path="", starts=True, scalar=True)]


def system_item(sent: Any, pointer: str) -> list[Block]:
    """One block of a system prompt."""
    given = fields(sent)
    block = _text(arranged(given, _ORDER, _MARKER), Zone.SYSTEM, "system", pointer)
    return [replace(block, array="system", starts=True, scalar=True, ttl=life(given.get("cache_control")))]


def legacy_prompt(sent: Any) -> list[Block]:
    """The one text of a legacy completion."""
    return [replace(_string(sent, Zone.MESSAGES, "user"), array="prompt", path="", starts=True, scalar=True)]


def message(sent: Any) -> list[Block]:
    """The blocks of one message. A string is one text block; an empty message keeps its place."""
    if not isinstance(sent, dict):
        raise Rejected("unknown_body")
    content = sent.get("content")
    role = word(sent.get("role")) or "user"
    if isinstance(content, str):
        return opening([_string(content, Zone.MESSAGES, role)])
    return opening(blocks(items(content), role) or [Block(Zone.MESSAGES, role, Kind.OTHER, content, "messages", "", True)])


def blocks(content: Sequence[Any], role: str) -> list[Block]:
    """The blocks of a message's content."""
    return [_block(item, role, f"/content/{index}") for index, item in enumerate(content)]


def _string(sent: Any, zone: Zone, role: str) -> Block:
    if not isinstance(sent, str):
        raise Rejected("unknown_body")
    return _text({"type": "text", "text": sent}, zone, role, "/content")


def _text(value: Mapping[str, Any], zone: Zone, role: str, path: str) -> Block:
    tagged = retrieved_text(word(value.get("text"))) if role != "assistant" else ""
    return Block(zone, role, Kind.TEXT, value, "messages", path, False, retrieved=bool(tagged), text=tagged)


def _block(sent: Any, role: str, path: str) -> Block:
    """One content block as it counts for the cache: without its marker and without what only responses carry."""
    if not isinstance(sent, dict):
        return Block(Zone.MESSAGES, role, Kind.OTHER, sent, "messages", path, False)
    kind = kind_of(sent)
    value = arranged(sent, _ORDER, _dropped(sent))
    ttl = life(sent.get("cache_control"))
    if kind is Kind.TEXT:
        return replace(_text(value, Zone.MESSAGES, role, path), ttl=ttl)
    inner = ""
    if "content" in value:
        value["content"], inner = _content(value["content"])
    block = Block(Zone.MESSAGES, role, kind, value, "messages", path, False, ttl=ttl or inner)
    if kind in (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL):
        return replace(block, call_id=word(sent.get("id")), name=word(sent.get("name")), arguments=arguments(sent.get("input"))[0])
    if kind in (Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT):
        return _result(block, sent)
    if kind is Kind.DOCUMENT:
        text = _document_text(sent)
        return replace(block, retrieved=True, text=text, unsized=not text)
    if kind is Kind.THINKING:
        return replace(block, signature=signature(sent.get("signature"), sent.get("data")))
    note = DEFERRED if word(sent.get("type")) in _TOOL_CHANGES else ""
    return replace(block, unsized=kind is Kind.IMAGE or sent.get("type") == "container_upload", note=note)


def _result(block: Block, sent: Mapping[str, Any]) -> Block:
    content, declared = sent.get("content"), sent.get("is_error")
    failed = word(fields(content).get("type")).endswith("_error")  # a server tool's own way: web_search_tool_result_error
    return replace(
        block,
        call_id=word(sent.get("tool_use_id")),
        is_error=declared if isinstance(declared, bool) else failed or None,
        text=text_in(content),
        unsized=any(fields(item).get("type") in ("image", "document") for item in items(content)),
    )


def _dropped(sent: Mapping[str, Any]) -> frozenset[str]:
    """The marker, and the defaults that responses spell out and clients leave out."""
    drop = {"cache_control"}
    if sent.get("citations") == []:
        drop.add("citations")
    if fields(sent.get("caller")).get("type") == "direct":
        drop.add("caller")
    return frozenset(drop)


def _content(content: Any) -> tuple[Any, str]:
    """A result's content as a list, its blocks' markers taken out, and the last of their lives."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}], ""
    if not isinstance(content, list):
        return content, ""
    lives = [ttl for item in content if (ttl := life(fields(item).get("cache_control")))]
    return [arranged(item, _ORDER, _MARKER) if isinstance(item, dict) else item for item in content], lives[-1] if lives else ""


def _document_text(sent: Mapping[str, Any]) -> str:
    source = fields(sent.get("source"))
    if source.get("type") == "text":
        return word(source.get("data"))
    return text_in(sent.get("content") or source.get("content"))
