"""What kind of work a tool does, as far as its name says: enough to tell a loop from work and from waiting.

No provider declares this in a request, so names decide, and where they do not a tool is taken to change things.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from seamaudit.ingest.outcome import word_hash


class Nature(StrEnum):
    """What a tool does to the world: looks for things, reads them, computes, writes the model's thoughts down, changes things, or runs
    what it is given."""

    SEARCHES = "searches"
    READS = "reads"
    COMPUTES = "computes"
    THINKS = "thinks"
    WRITES = "writes"
    RUNS = "runs"
    UNKNOWN = "unknown"

    @property
    def changes_nothing(self) -> bool:
        """Whether a successful call leaves everything as it was."""
        return self in (Nature.SEARCHES, Nature.READS, Nature.COMPUTES, Nature.THINKS)


_LEADING: Final = """
searches: search find query grep rg glob lookup look retrieve retrieval rag browse google locate explore
reads: read get list ls view show fetch describe inspect cat head tail stat count diff preview check verify
computes: calculate calculator calc compute math
thinks: think thinking thought thoughts reason reasoning reflect
writes: click press key keys type tap scroll swipe drag hover select navigate goto next step fill move copy
runs: bash shell sh exec execute run terminal command cmd powershell python code script repl console
"""
"""The first of these words in a tool's name decides, where none of `_WRITING` does."""

_WRITING: Final = """
write edit create delete remove update patch apply send book set put post insert add append replace modify rename save upload submit
cancel buy pay purchase transfer install commit push merge deploy todo undo redo restart reset approve assign publish register schedule
multiedit
"""
"""Words that make a tool one that changes things, wherever they stand in its name: `find_and_replace`."""

_WAITING: Final = "wait sleep poll watch ping health healthcheck ready alive heartbeat monitor"
_ASKING: Final = "status state progress check output job jobs task tasks pending queue tail"
"""Words of names and commands that wait for something, and that ask how it is coming along: to those, "not found" is an answer."""

_WRITES: Final = frozenset(_WRITING.split())
_NATURES: Final = {
    word: Nature(line.partition(":")[0]) for line in _LEADING.strip().splitlines() for word in line.partition(":")[2].split()
}
_WAITS: Final = frozenset(_WAITING.split())
_POLLS: Final = _WAITS | frozenset(_ASKING.split())
_WAIT_HASHES: Final = frozenset(map(word_hash, _WAITS))
_POLL_HASHES: Final = frozenset(map(word_hash, _POLLS))

_NAMESPACE: Final = re.compile(r"__|[.:/]")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME: Final = 128


@lru_cache(maxsize=4096)
def nature(tool: str) -> Nature:
    """The nature of a tool; a server's or a namespace's name before it (`mcp__search__create_index`) says nothing."""
    words = name_words(tool)
    if any(word in _WRITES for word in words):
        return Nature.WRITES
    return next((_NATURES[word] for word in words if word in _NATURES), Nature.UNKNOWN)


def name_words(tool: str) -> list[str]:
    """The words of a tool's name in lower case, without the server's or namespace's name before it."""
    return _words(next((part for part in reversed(_NAMESPACE.split(tool[:_LONGEST_NAME])) if part), ""))


def nature_of_word(word: str) -> Nature:
    """What one word of a name says by itself."""
    return _NATURES.get(word, Nature.UNKNOWN)


@lru_cache(maxsize=4096)
def _named(tool: str) -> tuple[bool, bool]:
    """Whether a name is one of a tool that polls, and of one that waits."""
    words = _words(tool[:_LONGEST_NAME])
    return any(word in _POLLS for word in words), any(word in _WAITS for word in words)


def is_waiting(tool: str, arguments: frozenset[int], failed: bool) -> bool:
    """Whether a call waits for something: by the tool's name or, of a tool that runs commands, by the command's words.

    `arguments` are hashed words. An unchanged "still running" is waiting; a failure is only where waiting is the tool's purpose.
    """
    polls, waits = _named(tool)
    if waits if failed else polls:
        return True
    return nature(tool) is Nature.RUNS and not arguments.isdisjoint(_WAIT_HASHES if failed else _POLL_HASHES)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
