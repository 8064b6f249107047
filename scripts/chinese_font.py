"""Cuts the font that pictures show Chinese with out of the whole of it: ``scripts/chinese_font.py NotoSansSC-Medium.ttf``.

The whole one (Noto Sans SC, SIL Open Font License 1.1, 10 MB) is on the pages of Google Fonts and in packages of it. What is kept: whatever
the catalogue says, and the 3,755 characters of everyday Chinese (GB 2312, level 1) with its punctuation, because people name portfolios.
"""

# ruff: noqa: INP001 - scripts stand beside the packages, not in one
from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
CUT = ROOT / "chatbot" / "charts" / "fonts" / "NotoSansSC-Medium.ttf"
#: first bytes of the rows with punctuation and with the everyday characters, and the second bytes
_ROWS, _CELLS = (0xA1, 0xA3, *range(0xB0, 0xD8)), range(0xA1, 0xFF)
#: names that say whose it is and under which licence it may be passed on
_NAMES = [0, 1, 2, 5, 13, 14]
#: where Chinese begins: what comes before is in the other font
_FIRST = 0x2E80


def wanted() -> set[int]:
    """Return the code points that are kept."""
    everyday = bytes(byte for row in _ROWS for cell in _CELLS for byte in (row, cell)).decode("gb2312", "ignore")
    catalogue = (ROOT / "locale" / "zh" / "LC_MESSAGES" / "chatbot.po").read_text(encoding="utf-8")
    return {ord(char) for char in everyday + catalogue if ord(char) >= _FIRST}


def main(arguments: list[str]) -> None:
    """Cut and write it: outlines alone, without what sets vertical text or other forms."""
    options = subset.Options(hinting=False, layout_features=[], name_IDs=_NAMES, notdef_outline=True, glyph_names=False)
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "STAT"]
    cutter = subset.Subsetter(options)
    with TTFont(arguments[0]) as font:
        cutter.populate(unicodes=wanted())
        cutter.subset(font)
        font.save(CUT)


if __name__ == "__main__":
    main(sys.argv[1:])
