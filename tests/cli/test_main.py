"""The command as a module: the same exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_as_a_module_it_ends_with_the_code_of_the_command(tmp_path: Path) -> None:
    options = ["scan", str(tmp_path / "none.jsonl")]
    done = subprocess.run([sys.executable, "-m", "seamaudit", *options], cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert done.returncode == 2
