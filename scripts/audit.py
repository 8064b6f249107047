"""Asks whether a version in the lock files is known to be vulnerable; needs a network, and fails where nobody answers."""

# ruff: noqa: INP001 - scripts stand beside the packages, not in one
from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: lives in a throw-away environment: it is no part of what it looks at
TOOL = "pip-audit==2.10.1"
LOCKS = ("requirements.lock", "requirements-dev.lock")


def main() -> int:
    """Look at both files and return 0 only where an answer came and named nothing."""
    print("asking a database of known vulnerabilities about every version in the lock files; this needs a network")  # noqa: T201 - the script speaks on its streams
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        installing = _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL)
        if installing:
            print(f"not audited: {TOOL} could not be installed", file=sys.stderr)  # noqa: T201 - as above
            return installing
        asked = [part for name in LOCKS for part in ("--requirement", name)]
        found = _run(python, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--strict", "--progress-spinner", "off", *asked)
    if found:
        print("not clean: a vulnerability is named above, or nobody answered", file=sys.stderr)  # noqa: T201 - as above
    return found


def _run(python: Path, *arguments: str) -> int:
    return subprocess.run([python, *arguments], cwd=ROOT, check=False).returncode  # noqa: S603 - our own tools


if __name__ == "__main__":
    sys.exit(main())
