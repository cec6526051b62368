"""What stands at one position of a Bedrock Converse prompt. A `cachePoint` is no position: it marks the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, arranged, fields, items, life, opening, retrieved_text, signature, text_in, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Kind, Zone

TOOLS = "toolConfig/tools"
_TOOL_KINDS = ("toolSpec", "systemTool")
_ORDER = ("toolUseId", "name", "input", "content", "status", "type")
_REASONING_ORDER = ("text", "signature")
_KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "citationsContent": Kind.TEXT,
    "guardContent": Kind.TEXT,
    "reasoningContent": Kind.THINKING,
    "toolUse": Kind.TOOL_CALL,
    "toolResult": Kind.TOOL_RESULT,
    "image": Kind.IMAGE,
    "document": Kind.DOCUMENT,
    "searchResult": Kind.DOCUMENT,
}
_UNSIZED = frozenset({"image", "video", "audio"})
_DEFAULTS = {"toolUse": ("type", "tool_use"), "toolResult": ("status", "success")}


def tool(sent: Any, pointer: str) -> list[Block]:
    """A tool definition or a cache point."""
    given = fields(sent)
    block = Block(Zone.TOOLS, "", Kind.TOOL_DEFINITION, given or sent, TOOLS, pointer, True, scalar=True)
    if "cachePoint" in given:
        return [_cache_point(block, given)]
    spec = next((fields(given[kind]) for kind in _TOOL_KINDS if kind in given), {})
    schema = declared(fields(spec.get("inputSchema")).get("json"), promised=spec.get("strict") is True)
    return [replace(block, name=word(spec.get("name")), schema=schema)]


def system(sent: Any, pointer: str) -> list[Block]:
    """One block of the system prompt."""
    return [replace(_block(sent, Zone.SYSTEM, "system", pointer), array="system", starts=True, scalar=True)]


def message(sent: Any) -> list[Block]:
    """The blocks of one message; an empty one keeps its place."""
    if not isinstance(sent, dict):
        raise Rejected("unknown_body")
    role = word(sent.get("role")) or "user"
    return opening(blocks(sent, role) or [Block(Zone.MESSAGES, role, Kind.OTHER, sent.get("content"), "messages", "", True)])


def blocks(sent: Mapping[str, Any], role: str) -> list[Block]:
    """The blocks of a message's content."""
    return [_block(item, Zone.MESSAGES, role, f"/content/{at}") for at, item in enumerate(items(sent.get("content")))]


def member_of(sent: Mapping[str, Any]) -> str:
    """The member that says what a block is."""
    return next((name for name in _KINDS if name in sent), next(iter(sent), ""))


def is_server(use: Mapping[str, Any]) -> bool:
    """Whether a toolUse or toolResult is a system tool's own: the service types those apart."""
    type_ = word(use.get("type"))
    return type_ == "server_tool_use" or type_.endswith("_result")


def _cache_point(block: Block, sent: Mapping[str, Any]) -> Block:
    return replace(block, apart=True, ttl=life(sent["cachePoint"]))


def _block(sent: Any, zone: Zone, role: str, path: str) -> Block:
    if not isinstance(sent, dict):
        return Block(zone, role, Kind.OTHER, sent, "messages", path, False)
    member = member_of(sent)
    block = Block(zone, role, _KINDS.get(member, Kind.OTHER), sent, "messages", path, False, unsized=member in _UNSIZED)
    if member == "cachePoint":
        return _cache_point(block, sent)
    if block.kind is Kind.TEXT:
        return _text(block, sent)
    given = fields(sent.get(member))
    if member in _DEFAULTS:
        return _tool_block(replace(block, value={member: _without_default(member, given)}), member, given)
    if block.kind is Kind.THINKING:
        return _reasoning(block, member, given)
    if member == "document":
        source = fields(given.get("source"))
        text = word(source.get("text")) or text_in(source.get("content"))
        return replace(block, retrieved=True, text=text, unsized=not text)
    if member == "searchResult":
        return replace(block, retrieved=True, text=text_in(given.get("content")))
    return block


def _reasoning(block: Block, member: str, given: Mapping[str, Any]) -> Block:
    said = fields(given.get("reasoningText"))
    value = {member: {**given, "reasoningText": arranged(said, _REASONING_ORDER)}} if said else block.value
    return replace(block, value=value, signature=signature(said.get("signature"), given.get("redactedContent")))


def _text(block: Block, sent: Mapping[str, Any]) -> Block:
    text = word(sent.get("text")) or text_in(fields(sent.get("guardContent")).get("text"))
    tagged = retrieved_text(text) if block.role != "assistant" else ""
    return replace(block, retrieved=bool(tagged), text=tagged)


def _without_default(member: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What responses spell out and clients leave out."""
    name, default = _DEFAULTS[member]
    return arranged(dict(given), _ORDER, frozenset({name} if given.get(name) == default else ()))


def _tool_block(block: Block, member: str, given: Mapping[str, Any]) -> Block:
    server = is_server(given)
    call_id, name = word(given.get("toolUseId")), word(given.get("name"))
    if member == "toolUse":
        kind = Kind.SERVER_TOOL_CALL if server else Kind.TOOL_CALL
        return replace(block, kind=kind, call_id=call_id, name=name, arguments=arguments(given.get("input"))[0])
    content = items(given.get("content"))
    return replace(
        block,
        kind=Kind.SERVER_TOOL_RESULT if server else Kind.TOOL_RESULT,
        call_id=call_id,
        is_error=given["status"] == "error" if "status" in given else None,
        text=text_in(content),
        unsized=any(not {"text", "json"} & fields(item).keys() for item in content),
    )
