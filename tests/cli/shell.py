"""The command as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO = "fixtures/demo/demo.jsonl"
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from seamaudit.cli import main; sys.exit(main())"


def run(*options: str, folder: Path = ROOT) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `seamaudit` with these options, outside CI."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *options], capture_output=True, check=False, cwd=folder, encoding="utf-8", env=kept, timeout=60
    )
    return done.returncode, done.stdout, done.stderr
