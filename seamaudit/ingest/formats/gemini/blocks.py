"""What stands at one position of a Gemini prompt.

The API reads protobuf's JSON: every member may be spelled in camel or in snake case, and bytes in either base64 alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from seamaudit.ingest.block import Block
from seamaudit.ingest.blocks import arguments, arranged, fields, items, opening, retrieved_text, signature, strings, word
from seamaudit.ingest.conform.schema import declared
from seamaudit.ingest.rejected import Rejected
from seamaudit.trace import Kind, Zone

_DECLARATIONS = ("functionDeclarations", "function_declarations")
_ORDER = ("text", "thought", "functionCall", "functionResponse", "thoughtSignature")
_INNER_ORDER = ("name", "args", "response", "parts")
_KINDS: Mapping[str, Kind] = {
    "functionCall": Kind.TOOL_CALL,
    "functionResponse": Kind.TOOL_RESULT,
    "toolCall": Kind.SERVER_TOOL_CALL,
    "executableCode": Kind.SERVER_TOOL_CALL,
    "toolResponse": Kind.SERVER_TOOL_RESULT,
    "codeExecutionResult": Kind.SERVER_TOOL_RESULT,
    "inlineData": Kind.OTHER,
    "fileData": Kind.OTHER,
}
_STANDARD_ALPHABET = str.maketrans("-_", "+/")


def tool(sent: Any, pointer: str) -> list[Block]:
    """The definitions of one tool: each function, and each hosted tool by its member's name."""
    made: list[Block] = []
    for name, given in fields(sent).items():
        if name in _DECLARATIONS:
            made += (_definition(each, f"{pointer}/{name}/{at}") for at, each in enumerate(items(given)))
        else:
            made.append(_definition({"name": _camel(name), name: given}, f"{pointer}/{name}"))
    return made


def system(member: str) -> Callable[[Any], list[Block]]:
    """A splitter of the system instruction as it is spelled: a content, its parts, or a text."""

    def split(sent: Any) -> list[Block]:
        parts = [{"text": sent}] if isinstance(sent, str) else fields(sent).get("parts")
        given = parts if isinstance(parts, list) else [parts] if parts is not None else []
        blocks = [_part(each, Zone.SYSTEM, "system", _path(sent, parts, at)) for at, each in enumerate(given)]
        return [replace(block, array=member, starts=True, scalar=True) for block in blocks]

    return split


def content(sent: Any) -> list[Block]:
    """The blocks of one content; one without parts keeps its place."""
    if not isinstance(sent, dict):
        raise Rejected("unknown_body")
    role = word(sent.get("role")) or "user"
    return opening(parts(sent, role) or [Block(Zone.MESSAGES, role, Kind.OTHER, sent.get("parts"), "contents", "", True)])


def parts(sent: Mapping[str, Any], role: str) -> list[Block]:
    """The blocks of a content's parts; a single part may stand without a list."""
    given = sent.get("parts")
    if isinstance(given, dict):
        return [_part(given, Zone.MESSAGES, role, "/parts")]
    return [_part(part, Zone.MESSAGES, role, f"/parts/{at}") for at, part in enumerate(items(given))]


def member_of(part: Mapping[str, Any]) -> str:
    """The member that says what a part is, in camel case; "" where none is known."""
    names = {_camel(name) for name in part}
    return next((name for name in _KINDS if name in names), "text" if "text" in names else "")


def value_of(sent: Mapping[str, Any], name: str) -> Any:
    """A member, whatever its spelling; None where there is none."""
    return next((value for key, value in sent.items() if _camel(key) == name), None)


def inner(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A part's member, whatever its spelling."""
    return fields(value_of(part, name))


def _path(sent: Any, parts: Any, at: int) -> str:
    if isinstance(sent, str):
        return ""
    return f"/parts/{at}" if isinstance(parts, list) else "/parts"


def _definition(sent: Any, path: str) -> Block:
    given = fields(sent)
    name = word(given.get("name"))
    schema = declared(value_of(given, "parametersJsonSchema")) or declared(given.get("parameters"), is_openapi=True)
    return Block(Zone.TOOLS, "", Kind.TOOL_DEFINITION, given or sent, "tools", path, True, scalar=True, name=name, schema=schema)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _part(sent: Any, zone: Zone, role: str, path: str) -> Block:
    if not isinstance(sent, dict):
        return Block(zone, role, Kind.OTHER, sent, "contents", path, False)
    member = member_of(sent)
    value = _value(sent)
    sign = signature(value.get("thoughtSignature"))
    block = Block(zone, role, _KINDS.get(member, Kind.OTHER), value, "contents", path, False, signature=sign)
    if member == "text":
        return _text(block, sent)
    given = inner(sent, member)
    if member in ("inlineData", "fileData"):
        return _media(block, word(given.get("mimeType") or given.get("mime_type")))
    name = word(given.get("name") or given.get("toolType") or given.get("tool_type")) or member
    if block.kind in (Kind.TOOL_CALL, Kind.SERVER_TOOL_CALL):
        digest, _ = arguments(given.get("args", {} if member == "functionCall" else given))
        return replace(block, call_id=word(given.get("id")), name=name, arguments=digest)
    if block.kind in (Kind.TOOL_RESULT, Kind.SERVER_TOOL_RESULT):
        return _result(block, given, name)
    return block


def _value(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part in one spelling. A call's id only lets the client match it, and some clients make their own."""
    value: dict[str, Any] = {}
    for key, given in part.items():
        name = _camel(key)
        if name == "thoughtSignature" and isinstance(given, str):
            given = given.translate(_STANDARD_ALPHABET).rstrip("=")
        elif isinstance(given, dict) and name in _KINDS:
            given = arranged({_camel(each): item for each, item in given.items()}, _INNER_ORDER, frozenset({"id"}))
            given = {"name": given.get("name"), "args": {}} | given if name == "functionCall" else given
        value[name] = given
    return arranged(value, _ORDER)


def _text(block: Block, sent: Mapping[str, Any]) -> Block:
    if sent.get("thought") is True:
        return replace(block, kind=Kind.THINKING)
    tagged = retrieved_text(word(sent.get("text"))) if block.role != "model" else ""
    return replace(block, kind=Kind.TEXT, retrieved=bool(tagged), text=tagged)


def _media(block: Block, mime: str) -> Block:
    if mime.startswith("image/"):
        return replace(block, kind=Kind.IMAGE, unsized=True)
    if mime.startswith(("audio/", "video/")):
        return replace(block, unsized=True)
    return replace(block, kind=Kind.DOCUMENT, retrieved=True, unsized=True)


def _result(block: Block, given: Mapping[str, Any], name: str) -> Block:
    """Functions report failure under `error` (FunctionResponse); code under its outcome."""
    response = given.get("response", given.get("output"))
    failed = "error" in fields(response) or word(given.get("outcome")) in ("OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED")
    return replace(
        block,
        call_id=word(given.get("id")),
        name=name,
        is_error=True if failed else None,
        text="\n".join(strings(response)),
        unsized=bool(given.get("parts")),
    )
