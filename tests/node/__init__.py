"""What others publish to check against (package.json), run by Node.js. `make test` installs it; `needs("npm")` marks who uses it."""

import subprocess
from pathlib import Path
from shutil import which

MODULES = Path(__file__).parent / "node_modules"


def node(script: str, *arguments: str) -> str:
    """What a ``script`` of the installed packages prints, whether or not it is content."""
    path = MODULES / script
    assert path.is_file(), f"{script} is not installed: make test does that"
    return subprocess.run([str(which("node")), str(path), *arguments], capture_output=True, text=True, check=False).stdout
