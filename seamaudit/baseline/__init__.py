"""The baseline: what a team knows and has decided to live with for now, so that only what is new fails a run."""

from seamaudit.baseline.compare import Applied, Blind, apply
from seamaudit.baseline.entries import Baseline, Entry, Opinion, created, judged, pruned, updated
from seamaudit.baseline.storage import held, load, save

__all__ = [
    "Applied",
    "Baseline",
    "Blind",
    "Entry",
    "Opinion",
    "apply",
    "created",
    "held",
    "judged",
    "load",
    "pruned",
    "save",
    "updated",
]
