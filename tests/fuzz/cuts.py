"""`python -m tests.fuzz.cuts`: recorded streams cut everywhere, and what is said of each cut.

Every complete Anthropic, Chat and Responses stream of the recordings is cut after each of its events and at random bytes before the
last byte of its terminal event. What should be said is read off the events that are left, by a few lines that share no code with the
reader. Nothing but the cut may be found that the whole stream does not show: a cut is the transport's, not the model's.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from seamaudit.audit import follow
from seamaudit.config import Settings
from seamaudit.layers.stream import StreamLife, Terminal

GRAMMARS: Final = ("anthropic", "chat", "responses")
OF_THE_MODEL: Final = frozenset({"ST001", "ST005", "ST006", "ST008", "ST011", "ST012", "TP007", "TP008", "TP009"})
"""Rules that say what a model, or an application, did wrong."""
AFTER_STOP: Final = frozenset({Terminal.CUT_AFTER_STOP, Terminal.UNMARKED, Terminal.NO_TERMINAL_EXEMPT})
"""What a stream that lacks its terminal event may be called once its stop reason came: by what its host is known to send."""
BATCH: Final = 400
_BLOCK = re.compile(r"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Cut:
    """A record with its stream cut: where, in which way, how many events are left and whether the stop reason is among them."""

    grammar: str
    kind: str
    record: dict[str, Any]
    events: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class Miss:
    """A cut of which the wrong thing is said."""

    cut: Cut
    said: str


def whole_streams(paths: Sequence[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records whose stream is complete, with its grammar."""
    found = follow([str(path) for path in paths], Settings())
    lives = {row.exchange: row for row in found.measured.replayed.facts.rows(StreamLife)}
    lines = [Path(source.path).read_bytes().splitlines() for source in found.measured.sources]
    for exchange in found.exchanges:
        life = lives.get(exchange.id)
        if life is not None and life.grammar in GRAMMARS and life.terminal is Terminal.COMPLETE:
            record = json.loads(lines[exchange.locus.source][exchange.locus.line - 1])
            if isinstance(record["response"].get("body_raw"), str):
                yield life.grammar, record


def cuts(grammar: str, record: dict[str, Any], pick: random.Random, bytes_: int) -> Iterator[Cut]:
    """The cuts of one record's stream."""
    text: str = record["response"]["body_raw"]
    ends = [found.end() for found in _BLOCK.finditer(text)]
    last = _terminal_end(grammar, text)
    for end in ends:
        if end < last:
            yield _cut(grammar, "after an event", record, text[:end])
    raw = text[:last].encode("utf-8", "surrogatepass")
    first = len(text[: ends[0]].encode("utf-8", "surrogatepass")) if ends else 1
    for at in sorted(pick.sample(range(first, len(raw) - 1), min(bytes_, max(0, len(raw) - 1 - first)))):
        yield _cut(grammar, "inside an event", record, raw[:at].decode("utf-8", "ignore"))


def _cut(grammar: str, kind: str, record: dict[str, Any], text: str) -> Cut:
    response = {**record["response"], "body_raw": text}
    left = list(_data(text))
    return Cut(grammar, kind, {**record, "response": response}, len(left), any(_stops(grammar, data) for data in left))


def _data(text: str) -> Iterator[str]:
    """The data of the events that are whole: a last one that no blank line ends is, where its data is."""
    for block in _BLOCK.split(text):
        data = "\n".join(line[5:].removeprefix(" ") for line in block.splitlines() if line.startswith("data:"))
        if data == "[DONE]" or _loaded(data) is not None:
            yield data


def _stops(grammar: str, data: str) -> bool:
    """Whether an event carries the stop reason."""
    event = _loaded(data)
    if not isinstance(event, dict):
        return False
    if grammar == "anthropic":
        return bool((event.get("delta") or {}).get("stop_reason"))
    if grammar == "responses":
        return _ends(grammar, data)
    return any(choice.get("finish_reason") for choice in event.get("choices") or ())


def _ends(grammar: str, data: str) -> bool:
    """Whether an event is the terminal one."""
    if grammar == "chat":
        return data == "[DONE]"
    event = _loaded(data)
    kind = event.get("type") if isinstance(event, dict) else None
    return kind in (("message_stop",) if grammar == "anthropic" else ("response.completed", "response.incomplete", "response.failed"))


def _terminal_end(grammar: str, text: str) -> int:
    """Where the data of the terminal event ends: a cut before it loses the event, what follows in the event says nothing more."""
    at = 0
    for block in _BLOCK.split(text):
        end = at + len(block)
        if any(_ends(grammar, data) for data in _data(block)):
            lines = block.splitlines(keepends=True)
            last = max(number for number, line in enumerate(lines) if line.startswith("data:"))
            return at + len("".join(lines[: last + 1]).rstrip())
        found = _BLOCK.match(text, end)
        at = found.end() if found else end
    return len(text)


def _loaded(data: str) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return None


def misses(batch: Sequence[Cut], folder: Path) -> Iterator[Miss]:
    """The cuts of a batch of which the wrong thing is said."""
    path = folder / "cuts.jsonl"
    with path.open("w") as out:
        for number, cut in enumerate(batch):
            out.write(json.dumps({**cut.record, "conversation": f"cut-{number}", "n": 0}) + "\n")
    found = follow([str(path)], Settings())
    lives = {row.locus.line: row for row in found.measured.replayed.facts.rows(StreamLife)}
    codes: dict[int, set[str]] = {}
    for finding in found.findings:
        for case in finding.cases:
            codes.setdefault(case.locus.line, set()).add(finding.code)
    for number, cut in enumerate(batch, 1):
        said = _wrong(cut, lives.get(number), codes.get(number, set()))
        if said:
            yield Miss(cut, said)


def _wrong(cut: Cut, life: StreamLife | None, codes: set[str]) -> str:
    """What is wrong with what was said, "" for nothing."""
    if life is None:
        return "no stream"
    if not cut.events and "\ndata:" not in cut.record["response"]["body_raw"]:
        return "" if life.terminal is Terminal.EMPTY else f"{life.terminal.value}, without an event"
    right = life.terminal in AFTER_STOP if cut.stopped else life.terminal is Terminal.TRUNCATED
    if not right:
        return f"{life.terminal.value}, {'after' if cut.stopped else 'before'} the stop reason"
    blamed = codes & OF_THE_MODEL
    if blamed:
        return f"blames {', '.join(sorted(blamed))}"
    return "" if "ST002" in codes or cut.stopped else "no ST002"


def run(paths: Sequence[Path], seed: int = 1, bytes_: int = 50, every: int = 1) -> tuple[Counter[tuple[str, str, str]], list[Miss]]:
    """All cuts of every n-th stream: how many of each grammar and kind were told rightly or how not, and those that were not."""
    pick, table, wrong = random.Random(seed), Counter[tuple[str, str, str]](), list[Miss]()
    with tempfile.TemporaryDirectory(prefix="seamaudit-cuts-") as folder:
        for batch in _batches(_all_cuts(islice(whole_streams(paths), 0, None, every), pick, bytes_)):
            table.update((cut.grammar, cut.kind, "cuts") for cut in batch)
            for miss in misses(batch, Path(folder)):
                table[miss.cut.grammar, miss.cut.kind, miss.said] += 1
                wrong.append(miss)
    return table, wrong


def _all_cuts(streams: Iterable[tuple[str, dict[str, Any]]], pick: random.Random, bytes_: int) -> Iterator[Cut]:
    for grammar, record in streams:
        yield from cuts(grammar, record, pick, bytes_)


def _batches(found: Iterator[Cut]) -> Iterator[list[Cut]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def main() -> int:
    """Print the matrix; exit code 1 where something wrong is said of a cut."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=50)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args()
    table, wrong = run(chosen.path, chosen.seed, chosen.bytes, chosen.every)
    for (grammar, kind, said), count in sorted(table.items(), key=lambda each: (each[0][:2], each[0][2] != "cuts")):
        sys.stdout.write(f"{grammar:<10} {kind:<16} {said:<60} {count:>7,}\n")
    for miss in wrong[:5]:
        sys.stdout.write(f"{miss.said}: {miss.cut.record.get('conversation')}: ...{miss.cut.record['response']['body_raw'][-200:]!r}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
