"""Whether a text speaks, or may speak, of something that went wrong. Asked only to be silent where it does."""

from __future__ import annotations

import re
from typing import Final

_STEMS: Final = {
    b"n't": (b"n't",),
    b"out": (b"without", b"timeout", b"time out", b"timedout", b"timed out"),
    b"ss": (b"issue", b"missing", b"unsuccess", b"impossib"),
    b"bl": (b"problem", b"unable", b"lamentabl"),
    b"ai": (b"fail", b"unavailab"),
    b"err": (b"error", b"erreur"),
    b"ei": (b"kein", b"leider"),
    b"no": (b"cannot",),
    **{stem: (stem,) for stem in (b"unfortunate", b"sorry", b"only", b"except", b"however", b"instead")},
    **{stem: (stem,) for stem in (b"declin", b"reject", b"denied", b"refus", b"nicht", b"fehl", b"malheureus")},
}
"""Words by what several of them have in common: where that is not, none of them is."""
_FOREIGN: Final = tuple(word.encode() for word in ("échou", "无法", "失败", "失敗", "错误", "エラー"))
_WORDS: Final = (re.compile(rb"not\b"), re.compile(rb"no\b(?<=\bno)"), re.compile("’t".encode() + rb"\b"))
"""Words that begin others: each pattern opens with its letters, which is what makes a search fast."""


def is_troubled(said: bytes) -> bool:
    """Whether one of the words of trouble stands in a text, in any case of ASCII letters."""
    lowered = said.lower()
    for common, stems in _STEMS.items():  # every answer is asked: a loop takes two thirds of the time of any()
        if common in lowered and any(stem in lowered for stem in stems):
            return True
    return (not said.isascii() and any(word in lowered for word in _FOREIGN)) or any(word.search(lowered) for word in _WORDS)
