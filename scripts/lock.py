"""Writes requirements.lock and requirements-dev.lock from pyproject.toml: exact versions, hashes of all files, no addresses."""

# ruff: noqa: INP001 - scripts stand beside the packages, not in one
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: lives in a throw-away environment: whoever only installs from the locks never needs it
TOOL = "pip-tools==7.5.3"
HEADER = "# Made from pyproject.toml by `make lock`: change versions there, not here.\n"
#: file -> extra of pyproject.toml that it contains; None: only what the program itself needs
LOCKS = {"requirements.lock": None, "requirements-dev.lock": "dev"}
_OPTIONS = ("--generate-hashes", "--strip-extras", "--allow-unsafe", "--no-header", "--quiet")
#: where a file came from is the business of the machine that asks
_NO_ADDRESSES = ("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links")
_ADDRESS = re.compile(r"^\s*(--(?:find-links|index-url|extra-index-url|trusted-host)\b.*|.*\w+://.*)$", re.MULTILINE)


def main() -> int:
    """Resolve both files; versions that still fit are kept, with --upgrade the newest are taken."""
    with tempfile.TemporaryDirectory(prefix="lock-") as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL)
        for name, extra in LOCKS.items():
            _compile(python, ROOT / name, extra, sys.argv[1:])
    return 0


def _compile(python: Path, lock: Path, extra: str | None, options: list[str]) -> None:
    # what is tested is what runs: the second file takes its versions from the first
    chosen = ("--extra", extra, "--constraint", "requirements.lock") if extra else ()
    _run(python, "-m", "piptools", "compile", *_OPTIONS, *_NO_ADDRESSES, *options, *chosen, "-o", str(lock), "pyproject.toml")
    text = lock.read_text(encoding="utf-8").removeprefix(HEADER)
    found = _ADDRESS.search(text)
    if found is not None:
        raise SystemExit(f"{lock.name} would contain an address: {found.group(0)}")
    lock.write_text(HEADER + text.lstrip("\n"), encoding="utf-8")
    print(f"{lock.name}: {text.count('==')} packages")  # noqa: T201 - the script speaks on its streams


def _run(python: Path, *arguments: str) -> None:
    subprocess.run([python, *arguments], cwd=ROOT, check=True)  # noqa: S603 - our own tools


if __name__ == "__main__":
    sys.exit(main())
