"""HTML: one static page that loads nothing and runs nothing, to look at and to send on."""

from seamaudit.report.html.page import render

__all__ = ["render"]
