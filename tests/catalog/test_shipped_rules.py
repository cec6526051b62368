"""The shipped catalog lints itself: every rule is sound, complete, and reads well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seamaudit.catalog.load import check_directory, load_catalog, rule_files
from seamaudit.catalog.rule import Rule
from seamaudit.catalog.shipped import shipped_rules

RULES = load_catalog()


def _prose(rule: Rule) -> dict[str, str]:
    texts = {"message": rule.message, "fix": rule.fix, "why": rule.why}
    texts |= {f"false positive {n}": text for n, text in enumerate(rule.false_positives)}
    texts |= {f"parameter {name}": param.doc for name, param in rule.params.items()}
    return texts


def test_every_shipped_rule_is_sound_and_agrees_with_the_others() -> None:
    assert {rule.code for rule in check_directory(shipped_rules())} == {rule.code for rule in RULES}


@pytest.mark.parametrize("file", rule_files(shipped_rules()), ids=lambda file: file.stem)
def test_a_rule_file_is_tidy(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [line for line in text.splitlines() if line != line.rstrip() or "\t" in line] == []
    assert [line for line in text.splitlines() if len(line) > 160] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_reads_well(rule: Rule) -> None:
    assert rule.false_positives
    assert rule.references
    assert rule.since
    for what, text in _prose(rule).items():
        assert re.search(r"[.?!)`]$", text.strip()), f"{what} is no sentence: {text}"
        assert not re.search(r"\b(\w+) \1\b", text), f"{what} repeats a word: {text}"
        assert "  " not in " ".join(text.split("\n")) or what == "why", f"{what} has double spaces"
    for text in (rule.seam.guarantees, rule.seam.assumes):
        assert not text.endswith("."), "it is read inside a sentence"


def test_a_rule_lies_in_the_folder_of_its_layer() -> None:
    folders: dict[str, set[str]] = {}
    for rule in RULES:
        folders.setdefault(rule.code[:2], set()).add(rule.layer)
    assert {prefix: layers for prefix, layers in folders.items() if len(layers) > 1} == {}
