"""Other tools, each installed into an environment of its own; what cannot be had here is skipped, and said so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PYTHON_PEERS = {"promptcachelint": "promptcachelint==0.1.0", "tracelint": "tracelint==0.14.0"}
NODE_PEERS = {"ccusage": "ccusage@20.0.24", "tokscale": "@tokscale/core@1.4.3"}
"""Of tokscale its native core, which reads and adds up: the command around it needs another runtime and prices from the network."""
TIMEOUT = 300.0
TOKSCALE = 'require("@tokscale/core").parseLocalSources({homeDir: process.argv[1], sources: ["claude"]})'


@dataclass(frozen=True, slots=True)
class Peers:
    """What was installed, by name, and why the others were not."""

    folder: Path
    absent: dict[str, str]

    def has(self, name: str) -> bool:
        """Whether a peer can be run."""
        return name not in self.absent

    def python(self, name: str) -> str:
        """The command of a Python peer."""
        return str(self.folder / "python" / "bin" / name)

    def ccusage(self) -> list[str]:
        """The command of ccusage over the folder that CLAUDE_CONFIG_DIR names, without the network: its native binary where it is found."""
        native = next(iter((self.folder / "node" / "node_modules" / "@ccusage").glob("ccusage-*/bin/ccusage*")), None)
        if native is not None:
            native.chmod(0o755)  # as its own wrapper does before it runs it
        command = str(native or self.folder / "node" / "node_modules" / ".bin" / "ccusage")
        return [command, "claude", "daily", "--offline", "--json"]

    def tokscale(self, home: Path) -> list[str]:
        """The command of tokscale's core over a home folder."""
        return ["node", "-e", TOKSCALE, str(home)]


def installed(folder: Path) -> Peers:
    """All peers that can be had, in `folder`; those that are there already are left as they are."""
    absent: dict[str, str] = {}
    home = folder / "python"
    if not home.exists():
        _run([sys.executable, "-m", "venv", str(home)])
    for name, wanted in PYTHON_PEERS.items():
        if not (home / "bin" / name).exists():
            reason = _run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", wanted])
            if reason or not (home / "bin" / name).exists():
                absent[name] = reason or "its package brings no command"
    for name, wanted in NODE_PEERS.items():
        package = folder / "node" / "node_modules" / wanted.rpartition("@")[0]
        if not package.exists():
            reason = _npm(folder / "node", wanted)
            if reason or not package.exists():
                absent[name] = reason or "its package was not installed"
    return Peers(folder, absent)


def _npm(prefix: Path, wanted: str) -> str:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "node and npm are not installed"
    prefix.mkdir(parents=True, exist_ok=True)
    return _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(prefix), wanted])


def _run(command: list[str]) -> str:
    """Why a command failed, "" where it did not."""
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip().splitlines()
        return f"`{' '.join(command[:4])}` failed" + (f": {told[-1][:120]}" if told else "")
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {type(error).__name__}"
    return ""
