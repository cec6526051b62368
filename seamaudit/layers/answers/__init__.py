"""The answers layer: what an answer is worth to whoever reads it: is its output count final, is there anything in it, is it whole."""

from seamaudit.layers.answers.facts import CutCarried, EmptyAnswer, OutputCount, ProvisionalCount
from seamaudit.layers.answers.layer import Answers

__all__ = ["Answers", "CutCarried", "EmptyAnswer", "OutputCount", "ProvisionalCount"]
