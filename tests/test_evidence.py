"""Evidence: whatever a trace holds, what comes out is one safe line without secrets, around the place that differs."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamaudit.evidence import Evidence, EvidenceRef, Excerpt, collect, printable, redact, sanitize
from seamaudit.evidence.excerpt import excerpt
from seamaudit.evidence.mask import mask
from seamaudit.evidence.redaction import _SHAPES
from seamaudit.evidence.second_pass import CHANGED, EQUAL
from seamaudit.ingest.formats.pairs import Pairs
from seamaudit.ingest.reader import Reader
from seamaudit.ingest.reread import Rereader
from seamaudit.ingest.shapes import shape_of
from seamaudit.trace import Locus, Source
from seamaudit.trace.prefix import common_prefix

CANARY = "xq7Zk2Vw9Lm4"
ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
VISIBLE_FORMAT = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")


class TestSanitize:
    @pytest.mark.parametrize(
        ("raw", "shown"),
        [
            ("a\tb\nc\r", "a␉b␊c␍"),
            ("\x1b[2J\x07", "␛[2J␇"),
            ("\x7f", "␡"),
            ("\x9b31m", "<U+009B>31m"),
            ("a\u202eb\u2066", "a<U+202E>b<U+2066>"),
            ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
            ("tag\U000e0041", "tag<U+E0041>"),
            ("selector\ufe0f", "selector<U+FE0F>"),
            ("\ud83d", "<U+D83D>"),
            ("##[error]x ##vso[y", "♯#[error]x ♯#vso[y"),
            ("héllo 漢字 😀", "héllo 漢字 😀"),
        ],
    )
    def test_says_what_it_cannot_show(self, raw: str, shown: str) -> None:
        assert sanitize(raw) == shown

    @given(ANY_TEXT)
    def test_leaves_nothing_invisible(self, text: str) -> None:
        left = {char for char in sanitize(text) if unicodedata.category(char) in INVISIBLE}
        assert left <= VISIBLE_FORMAT | {chr(code) for code in range(0x13430, 0x13440)} | {chr(code) for code in range(0x1BCA0, 0x1BCA4)}
        sanitize(text).encode()

    @given(ANY_TEXT, ANY_TEXT)
    def test_keeps_text_that_is_safe(self, one: str, two: str) -> None:
        assert sanitize(sanitize(one) + "|" + sanitize(two)) == sanitize(one) + "|" + sanitize(two)


SECRETS = {
    "anthropic key": "sk-ant-api03-bS9vZx81mmQw-Lk_2f0PzzT1",
    "api key": "sk-proj-Q8s7d6F5g4H3j2K1l0Zx",
    "github token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "aws key id": "AKIAIOSFODNN7EXAMPLE",
    "slack token": "xoxb-123456789012-1234567890123-abcdefABCDEF",
    "google key": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "hex": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "base64": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
    "email": "jane.doe.accounts@mail.example.org",
    "private key": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBh\nabc\n-----END EC PRIVATE KEY-----",
}


class TestRedact:
    @pytest.mark.parametrize(("kind", "secret"), SECRETS.items())
    def test_keeps_kind_first_characters_and_length(self, kind: str, secret: str) -> None:
        assert redact(f"use {secret} here") == f"use ‹{kind} {secret[:4]}… {len(secret)}› here"

    @pytest.mark.parametrize(
        ("text", "hidden"),
        [
            ("Authorization: Bearer 0a1b2c3d4e5f6a7b8c", "0a1b2c3d4e5f6a7b8c"),
            ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
            ("postgres://svc:hunter2@db/x", "hunter2"),
            ('{"password": "correct horse"}', "correct horse"),
            ('{\\"api_key\\": \\"abcdefgh\\"}', "abcdefgh"),
            ("client_secret=s3cr3tvalue&x=1", "s3cr3tvalue"),
        ],
    )
    def test_hides_what_its_neighbour_gives_away(self, text: str, hidden: str) -> None:
        assert hidden not in redact(text)

    @pytest.mark.parametrize(
        "text",
        [
            "the bearer of bad news has a basic understanding",
            "toolu_01A09q90qw90lq917835lq9 call_hQ2kz8gM3pLxYwVtB1sRnC7d",
            "/usr/lib/python3/dist-packages/Something/Deep/In/The/Tree/v2.py",
            "claude-sonnet-4-5-20250929 gpt-4o-2024-08-06",
            "0" * 64,
            "a password must have eight characters",
        ],
    )
    def test_leaves_plain_text_alone(self, text: str) -> None:
        assert redact(text) == text

    def test_overlapping_shapes_leave_no_rest(self) -> None:
        text = f"password={SECRETS['jwt']} tail"
        assert redact(text).endswith(f"{len(SECRETS['jwt'])}› tail")

    @given(st.sampled_from(_SHAPES).flatmap(lambda shape: st.tuples(st.just(shape), st.from_regex(shape[2]))))
    def test_every_secret_of_a_shape_holds_one_of_its_words(self, found: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], str]) -> None:
        (_, words, _), text = found
        assert any(word in text.casefold() for word in words)

    @given(ANY_TEXT)
    def test_never_raises(self, text: str) -> None:
        printable(text)


class TestExcerpt:
    def test_shows_the_difference_in_its_place(self) -> None:
        was, now = "x" * 500 + "old value" + "y" * 500, "x" * 500 + "new value" + "y" * 500
        shown = excerpt(now, common_prefix(was, now), show_content=True)
        assert shown.at is not None
        assert shown.text[shown.at :].startswith("new value")
        assert shown.text.startswith("…xxx")
        assert shown.text.endswith("yyy…")
        assert len(shown.text) < 70

    def test_points_behind_the_end_where_one_text_continues_the_other(self) -> None:
        assert excerpt("abc", 3, show_content=True).at == 3

    def test_a_grapheme_is_not_cut(self) -> None:
        was, now = "e\u0301 family 👨\u200d👩\u200d👧", "e\u0300 family 👨\u200d👩\u200d👦"
        assert excerpt(now, common_prefix(was, now), show_content=True).at == 0
        family = excerpt("👨\u200d👩\u200d👦", 4, show_content=True)
        assert family.at == 0

    def test_a_secret_at_the_edge_is_not_cut(self) -> None:
        text = "key " + SECRETS["github token"] + " and then the value one"
        shown = excerpt(text, text.index("one"), show_content=True)
        assert SECRETS["github token"][8:24] not in shown.text
        assert "‹github token ghp_… 40›" in shown.text

    def test_content_is_masked_by_default(self) -> None:
        shown = excerpt(f"Patient {CANARY} has 3 cats; naïve 漢字 😀", 30, show_content=False)
        assert "Patient" not in shown.text
        assert CANARY not in shown.text
        assert "漢" not in shown.text

    @pytest.mark.parametrize(
        ("was", "now", "shown"),
        [
            ("Today is 2026-10-01.", "Today is 2026-10-02.", "Xxxxx xx ‹clock 2026-10-02›."),
            ("run 9b2e4c1a-11d2-4c3b-8f00-0c0ffee0aaaa", "run 8c2e4c1a-11d2-4c3b-8f00-0c0ffee0aaaa", "xxx ‹id …8c2e…›"),
            ("Paris is it", "Rome is it", "‹4-letter word› xx xx"),
            ("item 4111111111111111", "item 4222222222222222", "xxxx ‹16-digit number›"),
            ("request 41 of", "request 42 of", "xxxxxxx ‹2-digit number› xx"),
            ('{"type":"a","name":"b"}', '{"name":"b","type":"a"}', '{"name":"x","type":"x"}'),
        ],
    )
    def test_what_proves_the_cause_shows(self, was: str, now: str, shown: str) -> None:
        assert excerpt(now, common_prefix(was, now), show_content=False).text == shown

    def test_a_date_that_did_not_move_does_not_show(self) -> None:
        assert "2026" not in excerpt("born 2026-01-02, today Monday", 22, show_content=False).text

    @given(ANY_TEXT, st.integers(0, 250), st.booleans())
    def test_is_safe_and_points_into_itself(self, text: str, at: int, show_content: bool) -> None:
        shown = excerpt(text, at, show_content)
        assert shown.at is not None
        assert 0 <= shown.at <= len(shown.text)
        assert sanitize(shown.text) == shown.text

    @given(ANY_TEXT)
    def test_the_mask_keeps_every_place(self, text: str) -> None:
        assert len(mask(text)) == len(text)


def write(path: Path, *records: object) -> tuple[list[Source], list[Locus]]:
    """A trace of one record a line, and where each stands."""
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    loci, offset = [], 0
    for number, line in enumerate(lines, 1):
        loci.append(Locus(0, number, offset, len(line)))
        offset += len(line)
    return [Source(0, str(path), "gzip" if path.suffix == ".gz" else "")], loci


def pair(text: str, **extra: object) -> dict[str, object]:
    """A recorded call whose system prompt is one text block."""
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 10,
        "system": [{"type": "text", "text": text, **extra}],
        "messages": [{"role": "user", "content": "hi"}],
    }
    return {"request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages", "body": body}, "response": {"status_code": 200}}


BLOCK = "/request/body/system/0"


def gather(sources: list[Source], *refs: EvidenceRef, show_content: bool = True) -> list[Evidence]:
    found = collect(refs, Rereader(Reader(), sources), {0: Pairs(shape_of)}, show_content)
    return [evidence for evidence in found if evidence]


def text(excerpt: Excerpt | None) -> str | None:
    return excerpt and excerpt.text


class TestCollect:
    @pytest.mark.parametrize("name", ["trace.jsonl", "trace.jsonl.gz"])
    def test_reads_both_versions_again(self, tmp_path: Path, name: str) -> None:
        sources, at = write(tmp_path / name, pair("Today is Monday"), pair("Today is Tuesday"))
        (evidence,) = gather(sources, EvidenceRef(at[0].at(BLOCK), at[1].at(BLOCK), 9))
        assert evidence == Evidence(Excerpt("Today is Monday", 9), Excerpt("Today is Tuesday", 9), "")

    def test_keeps_the_order_it_was_asked_in(self, tmp_path: Path) -> None:
        sources, at = write(tmp_path / "t.jsonl", pair("one"), pair("two"), pair("three"))
        refs = [EvidenceRef(None, at[2].at(BLOCK)), None, EvidenceRef(None, at[0].at(BLOCK))]
        third, none, first = collect(refs, Rereader(Reader(), sources), {0: Pairs(shape_of)}, show_content=True)
        assert none is None
        assert (third, first) == (Evidence(None, Excerpt("three")), Evidence(None, Excerpt("one")))

    def test_the_marker_is_no_difference(self, tmp_path: Path) -> None:
        sources, at = write(tmp_path / "t.jsonl", pair("same"), pair("same", cache_control={"type": "ephemeral"}))
        (evidence,) = gather(sources, EvidenceRef(at[0].at(BLOCK), at[1].at(BLOCK)))
        assert evidence == Evidence(None, Excerpt("same"), EQUAL)

    def test_the_order_in_which_a_recorder_spells_a_message_is_no_difference(self, tmp_path: Path) -> None:
        result = {"type": "tool_result", "tool_use_id": "t1", "content": "fine"}
        other = {"content": "cold", "tool_use_id": "t1", "type": "tool_result"}
        records = [pair("x"), pair("x")]
        for record, block in zip(records, (result, other), strict=True):
            record["request"]["body"]["messages"] = [{"role": "user", "content": [block]}]  # type: ignore[index]
        sources, at = write(tmp_path / "t.jsonl", *records)
        (evidence,) = gather(sources, EvidenceRef(*(where.at("/request/body/messages/0/content/0") for where in at)))
        assert evidence.now is not None
        assert evidence.now.text[evidence.now.at :].startswith("cold")

    def test_bodies_logged_as_text_are_opened(self, tmp_path: Path) -> None:
        sources, at = write(tmp_path / "t.jsonl", {"body": json.dumps({"answer": ["inside"]})})
        (evidence,) = gather(sources, EvidenceRef(None, at[0].at("/body/answer/0")))
        assert text(evidence.now) == "inside"

    def test_what_no_adapter_knows_is_quoted_as_json(self, tmp_path: Path) -> None:
        sources, at = write(tmp_path / "t.jsonl", {"a": {"b": 1}}, {"a": {"b": 2}})
        ref = EvidenceRef(at[0].at("/a"), at[1].at("/a"), 0)
        (evidence,) = collect([ref], Rereader(Reader(), sources), show_content=True)
        assert evidence == Evidence(Excerpt('{"b":1}', 5), Excerpt('{"b":2}', 5), "")

    def test_a_file_that_changed_is_named(self, tmp_path: Path) -> None:
        sources, at = write(tmp_path / "t.jsonl", pair("Today is Monday"), pair("Today is Tuesday"))
        ref = EvidenceRef(at[0].at(BLOCK), at[1].at(BLOCK), 9)
        write(tmp_path / "t.jsonl", pair("Monday, once more"[:15]), pair("Tuesday once more"[:16]))
        (moved,) = gather(sources, ref)
        write(tmp_path / "t.jsonl", pair("Today is Monday"), pair("Today is Monday!"), pair("more"))
        (at_the_end,) = gather(sources, ref)
        (tmp_path / "t.jsonl").unlink()
        (gone,) = gather(sources, ref)
        assert (moved.note, at_the_end.note) == (CHANGED, CHANGED)
        assert gone == Evidence(None, None, CHANGED)

    @given(st.binary(max_size=120), st.text(st.characters(codec=None), max_size=40))
    def test_raises_for_no_content(self, tmp_path_factory: pytest.TempPathFactory, data: bytes, pointer: str) -> None:
        path = tmp_path_factory.mktemp("any") / "t.jsonl"
        path.write_bytes(data)
        where = Locus(0, 1, 0, len(data))
        refs = [EvidenceRef(where.at(pointer), where.at("/" + pointer), 3), EvidenceRef(None, where), EvidenceRef()]
        collect(refs, Rereader(Reader(), [Source(0, str(path))]), {0: Pairs(shape_of)})

    def test_no_planted_token_shows_by_default(self, tmp_path: Path) -> None:
        block = {
            "type": "tool_result",
            CANARY: f"{CANARY}",
            "content": [{"type": "text", "text": f"see {CANARY}"}, {"nested": {"deep": [CANARY, f"{CANARY}.{CANARY}"]}}],
            "number": 7319442087,
        }
        other = {**block, "content": f"moved {CANARY}"}
        sources, at = write(tmp_path / "t.jsonl", {"b": block, CANARY: {"b": CANARY}, **pair(CANARY)}, {"b": other, **pair(f"x{CANARY}")})
        pointers = ["", "/b", f"/b/{CANARY}", "/b/content/0", "/b/content/1", "/b/number", f"/{CANARY}/b", BLOCK]
        refs = [EvidenceRef(was, at[1].at("/b"), 0) for was in map(at[0].at, pointers)]
        refs += [EvidenceRef(None, now) for now in map(at[0].at, pointers)]
        found = repr(gather(sources, *refs, show_content=False))
        assert CANARY not in found
        assert "7319442087" not in found
        assert CANARY in repr(gather(sources, *refs, show_content=True))
