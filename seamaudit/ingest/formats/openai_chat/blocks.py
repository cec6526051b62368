"""What stands at one position of a Chat Completions prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest import jsontext
from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, arranged, fields, items, life, opening, part_life, retrieved_text, text_in, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.prompt import DEFERRED
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Kind, Zone

_SYSTEM_ROLES = frozenset({"system", "developer"})
_MARKERS = frozenset({"cache_control", "prompt_cache_breakpoint"})
_PART_ORDER = ("type", "text", "refusal", "thinking", "image_url", "input_audio", "file")
_CALL_ORDER = ("type", "id", "function", "custom")
_KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "refusal": Kind.TEXT,
    "thinking": Kind.THINKING,
    "image_url": Kind.IMAGE,
    "file": Kind.DOCUMENT,
    "document": Kind.DOCUMENT,
    "document_url": Kind.DOCUMENT,
}


def tool(sent: Any, pointer: str) -> list[Block]:
    """A tool definition, a server tool under its type; `functions` of the first API version holds bare functions."""
    return [_definition(sent, "tools", pointer)]


def function(sent: Any, pointer: str) -> list[Block]:
    """A definition of the deprecated `functions` member."""
    return [_definition(sent, "functions", pointer)]


def message(sent: Any) -> list[Block]:
    """The blocks of one message."""
    return _message(sent, Zone.MESSAGES)


def leading(sent: Any) -> list[Block]:
    """The blocks of a message that stands before the dialogue: system and developer messages are the system zone there."""
    return _message(sent, Zone.SYSTEM if word(fields(sent).get("role")) in _SYSTEM_ROLES else Zone.MESSAGES)


def assistant(sent: Mapping[str, Any]) -> list[Block]:
    """The blocks of an assistant message, as it is answered and as it is sent back: reasoning, content, calls."""
    made = [*_reasoning(sent), *_content(sent, Zone.MESSAGES, "assistant")]
    if word(sent.get("refusal")):
        made.append(_part({"type": "refusal", "refusal": sent["refusal"]}, Zone.MESSAGES, "assistant", "/refusal"))
    made += (_call(item, path) for item, path in calls_in(sent))
    return made


def calls_in(sent: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """An assistant message's calls with their pointers; the deprecated `function_call` counts where it names a function."""
    found = [(fields(item), f"/tool_calls/{at}") for at, item in enumerate(items(sent.get("tool_calls")))]
    single = fields(sent.get("function_call"))
    return [*found, ({"type": "function", "function": single}, "/function_call")] if word(single.get("name")) else found


def called(call: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A call's member and what it holds; servers leave the other member there, empty."""
    member = "custom" if call.get("type") == "custom" else "function"
    return member, fields(call.get(member))


def _definition(sent: Any, array: str, pointer: str) -> Block:
    given = fields(sent)
    kind = word(given.get("type"))
    inner = fields(given.get("function") or given.get("custom")) or given
    deferred = given.get("defer_loading") is True or inner.get("defer_loading") is True
    return Block(
        zone=Zone.TOOLS,
        role="",
        kind=Kind.TOOL_DEFINITION,
        value={key: value for key, value in given.items() if key not in _MARKERS} if given else sent,
        array=array,
        path=pointer,
        starts=True,
        scalar=True,
        name=word(inner.get("name")) or kind,
        ttl="" if deferred else life(given.get("cache_control")),
        apart=deferred,
        note=DEFERRED if deferred or kind == "tool_search" else "",
        schema=declared(inner.get("parameters"), promised=inner.get("strict") is True),
    )


def _message(sent: Any, zone: Zone) -> list[Block]:
    if not isinstance(sent, dict):
        raise Rejected("unknown_body")
    role = word(sent.get("role")) or "user"
    if role in ("tool", "function"):
        made = [_result(sent, role)]
    elif role == "assistant":
        made = assistant(sent)
    else:
        made = list(_content(sent, zone, role))
        made = [replace(block, value=block.value | {"name": sent["name"]}) for block in made] if word(sent.get("name")) else made
    ttl = life(sent.get("cache_control"))
    if ttl and made:
        made[-1] = replace(made[-1], ttl=ttl)
    return opening(made or [Block(zone, role, Kind.OTHER, None, "messages", "", True)])


def _content(sent: Mapping[str, Any], zone: Zone, role: str) -> Iterator[Block]:
    """A string is one text part. Beside calls an empty one is nothing: servers answer "" or null for it."""
    content = sent.get("content")
    if isinstance(content, str):
        if content or not (sent.get("tool_calls") or sent.get("function_call") or sent.get("refusal")):
            yield _part({"type": "text", "text": content}, zone, role, "/content")
        return
    for at, item in enumerate(items(content)):
        yield _part(item, zone, role, f"/content/{at}")


def _part(sent: Any, zone: Zone, role: str, path: str) -> Block:
    if not isinstance(sent, dict):
        return Block(zone, role, Kind.OTHER, sent, "messages", path, False)
    type_ = word(sent.get("type"))
    kind = _KINDS.get(type_, Kind.OTHER)
    text = retrieved_text(word(sent.get("text"))) if kind is Kind.TEXT and role != "assistant" else ""
    if type_ == "document":
        text = text_in(sent.get("document"))
    return Block(
        zone,
        role,
        kind,
        arranged(sent, _PART_ORDER, _MARKERS),
        "messages",
        path,
        False,
        ttl=part_life(sent),
        retrieved=bool(text) or kind is Kind.DOCUMENT,
        text=text,
        unsized=kind is Kind.IMAGE or type_ == "input_audio" or (kind is Kind.DOCUMENT and not text),
    )


def _reasoning(sent: Mapping[str, Any]) -> Iterator[Block]:
    """What compatible servers add beside the content, under three names, two of them often at once."""
    for name in ("reasoning_content", "reasoning", "reasoning_details"):
        value = sent.get(name)
        if value and isinstance(value, str | list):
            yield Block(Zone.MESSAGES, "assistant", Kind.THINKING, {"type": "reasoning", "reasoning": value}, "messages", f"/{name}", False)
            return


def _call(sent: Mapping[str, Any], path: str) -> Block:
    member, inner = called(sent)
    spelled = inner.get("input" if member == "custom" else "arguments")
    held = inner if member == "custom" else inner | {"arguments": text_of_arguments(spelled)}
    value = {"type": "function", **sent, member: arranged(held, ("name", "arguments"))}
    return Block(
        Zone.MESSAGES,
        "assistant",
        Kind.TOOL_CALL,
        arranged(value, _CALL_ORDER, frozenset({"index", "function" if member == "custom" else "custom"})),
        "messages",
        path,
        False,
        call_id=word(sent.get("id")),
        name=word(inner.get("name")),
        arguments=custom_arguments(spelled) if member == "custom" else arguments(spelled)[0],
    )


def text_of_arguments(spelled: Any) -> str:
    """A call's arguments as JSON text; some servers give them parsed."""
    if spelled is None:
        return ""
    return spelled if isinstance(spelled, str) else jsontext.ordered(spelled).decode("utf-8", "replace")


def custom_arguments(spelled: Any) -> bytes:
    """The digest of a custom tool's input, which is free text."""
    return jsontext.digest(jsontext.canonical(word(spelled)))


def _result(sent: Mapping[str, Any], role: str) -> Block:
    content = sent.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else items(content)
    bare = [arranged(part, _PART_ORDER, _MARKERS) if isinstance(part, dict) else part for part in parts]
    lives = [ttl for part in parts if (ttl := part_life(fields(part)))]
    return Block(
        Zone.MESSAGES,
        role,
        Kind.TOOL_RESULT,
        {"type": "tool_result", "tool_call_id": word(sent.get("tool_call_id")), "content": bare},
        "messages",
        "/content" if "content" in sent else "",
        False,
        call_id=word(sent.get("tool_call_id")),
        name=word(sent.get("name")),
        ttl=lives[-1] if lives else "",
        text=text_in(content),
        unsized=any(fields(part).get("type") not in ("text", None) for part in parts),
    )
