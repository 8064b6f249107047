"""Where the tree and the shared material lie; the material is not there for everybody, and what needs it is skipped then."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
SHARED = ROOT.parent / "shared"
#: recorded market history
DATA = SHARED / "data"
