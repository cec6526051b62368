"""The command, for `python -m seamaudit`."""

from __future__ import annotations

import sys

from seamaudit.cli import main

if __name__ == "__main__":
    sys.exit(main())
