"""seamaudit: replay recorded LLM traffic through models of its layers and name the seam that broke."""

__version__ = "0.1.0"
