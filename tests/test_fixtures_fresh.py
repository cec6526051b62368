"""The fixtures in the tree are what their scripts write."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
SCRIPTS = sorted([*FIXTURES.glob("*/make.py"), *FIXTURES.glob("formats/*/make.py")])


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fixtures") / "fixtures"
    shutil.copytree(FIXTURES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.parent.name for script in SCRIPTS])
def test_a_script_writes_what_is_in_the_tree(script: Path, copy: Path) -> None:
    folder = copy / script.parent.relative_to(FIXTURES)
    for path in _written(folder):
        path.unlink()
    subprocess.run([sys.executable, str(folder / "make.py")], check=True)
    written = {path.name: path.read_bytes() for path in _written(folder)}
    assert written == {path.name: path.read_bytes() for path in _written(script.parent)}
    assert written


def _written(folder: Path) -> list[Path]:
    """What a folder holds beside its script and its configuration, which a person wrote."""
    return [path for path in folder.iterdir() if path.is_file() and path.suffix not in {".py", ".toml"}]
