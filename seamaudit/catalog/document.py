"""Rule files as data: a strict, bounded subset of YAML that remembers where everything stood.

PyYAML alone is not safe on hostile files: libyaml crashes on deep nesting, merge keys double the work with every line, aliases
explode on use, and `no` is False. So a pre-scan of the event stream refuses anchors, aliases, tags, depth and size before anything
is composed, and scalars are resolved here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml
from msgspec import Struct

from seamaudit.catalog.problem import Problem, RefusedRules, quoted, refuse, suggestion

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_NODES: Final = 200_000

Steps = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is optional in PyYAML builds; both give the same events


class Document(Struct, frozen=True):
    """One YAML document: its data (dict, list, str, int, float, bool, None) and the (line, column) of every value and key."""

    path: str
    text: str
    data: object
    values: Mapping[Steps, tuple[int, int]]
    keys: Mapping[Steps, tuple[int, int]]

    def at_value(self, path: Steps, message: str, word: str = "", known: Iterable[str] = ()) -> Problem:
        """A problem with the value at `path`, or with the nearest value around it that exists."""
        while path and path not in self.values:
            path = path[:-1]
        line, column = self.values.get(path, (1, 1))
        return Problem(self.path, line, column, message + suggestion(word, known))

    def at_key(self, path: Steps, message: str, word: str = "", known: Iterable[str] = ()) -> Problem:
        """A problem with the key that `path` ends in."""
        if path not in self.keys:
            return self.at_value(path, message, word, known)
        line, column = self.keys[path]
        return Problem(self.path, line, column, message + suggestion(word, known))

    def at_word(self, path: Steps, needle: str, message: str, word: str = "", known: Iterable[str] = ()) -> Problem:
        """A problem with the first `needle` in the text of the value at `path`."""
        line, column = self.values.get(path, (1, 1))
        lines = self.text.splitlines()[line - 1 :]
        for number, content in enumerate(lines, start=line):
            found = content.find(needle, column - 1 if number == line else 0)
            if found >= 0:
                return Problem(self.path, number, found + 1, message + suggestion(word, known))
        return self.at_value(path, message, word, known)


def read(file: Path) -> Document:
    """Read one rule file. Raises RefusedRules, for anything but one plain YAML document of at most 1 MB."""
    path = str(file)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RefusedRules([Problem(path, 1, 1, f"cannot be read: {error.strerror or type(error).__name__}")]) from None
    return parse(raw, path)


def parse(raw: bytes, path: str) -> Document:
    """Parse the bytes of a rule file; `path` is for messages. Raises RefusedRules."""
    if len(raw) > MAX_BYTES:
        refuse([Problem(path, 1, 1, f"the file is larger than {MAX_BYTES:,} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RefusedRules([Problem(path, line, 1, "the file is not UTF-8")]) from None
    try:
        refuse(_forbidden(text, path))
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise RefusedRules([_syntax(error, path)]) from None
    builder = _Builder(path)
    data = builder.build(node, ()) if node is not None else None
    refuse(builder.problems)
    return Document(path, text, data, builder.values, builder.keys)


def _forbidden(text: str, path: str) -> Iterator[Problem]:
    """The first thing in the event stream that a rule file must not hold."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        message = ""
        if isinstance(event, yaml.AliasEvent):
            message = "aliases are not allowed"
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            message = _decoration(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            message = f"nesting is deeper than {MAX_DEPTH}"
        elif nodes > MAX_NODES:
            message = f"more than {MAX_NODES:,} values"
        elif documents > 1:
            message = "one rule a file: a second document begins here"
        if message:
            yield Problem(path, *_position(event), message)
            return  # parsing on would do the work that the limit is there to refuse


def _decoration(event: yaml.NodeEvent) -> str:
    if event.anchor is not None:
        return "anchors are not allowed"
    if getattr(event, "tag", None) is not None:
        return "tags are not allowed"
    return ""


def _syntax(error: yaml.YAMLError, path: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return Problem(path, mark.line + 1, mark.column + 1, f"not YAML: {error.problem or error.context or 'unreadable'}")
    return Problem(path, 1, 1, "not YAML: a character that YAML does not allow")


_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _Builder:
    """Turns composed nodes into data; depth and size are bounded by the pre-scan."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[Steps, tuple[int, int]] = {}
        self.keys: dict[Steps, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def build(self, node: yaml.Node, at: Steps) -> object:
        self.values[at] = _position(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*at, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            self._refuse_invisible(node)
            return _scalar(node)
        raise TypeError(type(node))

    def _mapping(self, node: yaml.MappingNode, at: Steps) -> dict[str, object]:
        out: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key must be a word")
                continue
            key = str(key_node.value)
            self._refuse_invisible(key_node)
            if key == "<<" and not key_node.style:
                self._problem(key_node, "merge keys are not allowed")
            elif key in out:
                self._problem(key_node, f"the key {quoted(key)} is given twice")
            else:
                self.keys[(*at, key)] = _position(key_node)
                out[key] = self.build(value_node, (*at, key))
        return out

    def _refuse_invisible(self, node: yaml.ScalarNode) -> None:
        """A rule's text is printed as it stands, so it may hold nothing that a terminal acts on or a reader cannot see."""
        if node.value.replace("\n", "").isprintable():  # nearly always, and a hundred times as fast as going through it
            return
        if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and char != "\n" for char in node.value):
            self._problem(node, "control and invisible characters are not allowed")

    def _problem(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self.path, *_position(node), message))


def _position(where: yaml.Node | yaml.Event) -> tuple[int, int]:
    mark = where.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """YAML 1.2's core scalars; `no`, `on`, dates, `1:30`, `.inf` and numbers too long to be meant stay text."""
    text = str(node.value)
    if node.style:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
