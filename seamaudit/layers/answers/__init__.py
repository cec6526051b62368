"""The answers layer: what an answer is worth to whoever reads it: is its output count final, is there anything in it."""

from seamaudit.layers.answers.facts import EmptyAnswer, OutputCount, ProvisionalCount
from seamaudit.layers.answers.layer import Answers

__all__ = ["Answers", "EmptyAnswer", "OutputCount", "ProvisionalCount"]
