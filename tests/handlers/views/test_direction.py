"""What runs from left to right inside Arabic: signs stay before their numbers, slashes before commands, columns in their order."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.charts.direction import FSI, LRI, PDI, RLM, directed, is_rtl
from chatbot.i18n import SAID
from handlers.loopback.markup import parse_html
from handlers.views import common
from tests.handlers.views.view_examples import PLAIN, every_view
from tests.languages import CATALOGUE

_MARKS = re.compile(f"[{LRI}{FSI}{PDI}{RLM}]")
#: what the bidirectional algorithm moves to the other side of its number or word, once it stands outside of an isolate
_MOVED = re.compile(r"(?<!\w)[+−±≈$/]\w|\d[%$]")


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("انحراف +6.2 اليوم", f"انحراف {LRI}+6.2{PDI} اليوم"),
        ("أرسل /status الآن", f"أرسل {LRI}/status{PDI} الآن"),
        ("الهدف 40.0%، والنطاق ±5.0", f"الهدف {LRI}40.0%{PDI}، والنطاق {LRI}±5.0{PDI}"),
        ("رافعة العقود ∞ → 0.98x", f"رافعة العقود {LRI}∞ → 0.98x{PDI}"),
        ("متوازنة → محافظة, الآن", "متوازنة ← محافظة، الآن"),
        ("اشتر 0.2 BTC بسعر 60,030.00", "اشتر 0.2 BTC بسعر 60,030.00"),
        ("<b>PAPER</b> · متوازنة", "<b>PAPER</b> · متوازنة"),
        ("☑ 1. بيع balanced 4,386\u00a0US$", f"☑ 1. بيع balanced {LRI}4,386\u00a0US${PDI}"),
        ("نعم\nBTC هبط", f"نعم\n{RLM}BTC هبط"),
        ("أرسل <code>/targets BTC 40</code> مثلًا", f"أرسل {LRI}<code>/targets BTC 40</code>{PDI} مثلًا"),
        (
            "<pre>       الآن  الهدف\nBTC   46.2%   40\nمستقرة  8  9</pre>",
            f"       الآن  الهدف\n{RLM}{LRI}BTC{PDI}   {LRI}46.2%{PDI}   {LRI}40{PDI}\nمستقرة  {LRI}8{PDI}  {LRI}9{PDI}</pre>",
        ),
    ],
)
def test_what_runs_the_other_way_is_kept_together(plain: str, marked: str) -> None:
    """Marks stand where the order would break, and nowhere else; a text that has them is left alone."""
    shown = directed(f"{SAID}{plain}")
    before = "<pre>" if plain.startswith("<pre>") else ""
    assert shown == f"{before}{RLM}{marked}"
    assert directed(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "PAPER · balanced +6.2%",
        "PAPER · متوازنة: 40.0% of it is Bitcoin and Ether",
        "DEMO\n“مرحبا بالعالم 40” is not a number.",
        "权重 +6.2%",
        "مرحبا: 40.0%",
        "🌐 English · العربية · Español · Português · Türkçe",
        "٦٫٢+",
        "",
    ],
)
def test_other_texts_are_left_alone(text: str) -> None:
    """Whatever somebody wrote in Arabic, or a language calls itself, turns no English message around: only the bot's own sentences do."""
    assert not is_rtl(text)
    assert directed(text) == text


@given(st.text(st.sampled_from("aع/ \u200f5%\n+,→"), max_size=12))
def test_what_is_copied_or_sent_once_more_stays_to_the_character(typed: str) -> None:
    """A button under a message sends the command that stands in it, word for word."""
    shown = directed(f"{SAID}هل تقصد <code>{typed}</code>؟ +5% اليوم")
    assert f"<code>{typed}</code>" in shown
    assert directed(shown) == shown


@pytest.mark.long
def test_no_view_in_arabic_loses_an_order() -> None:
    """Every message and button: nothing that would move stands free, every isolate ends in its line, every line begins at the right."""
    seen = 0
    for key, view in every_view(PLAIN).items():
        shown = view(CATALOGUE.words("ar", "Europe/Moscow"))
        text = parse_html(re.sub(r"<code>[^<]*\n[^<]*</code>", "", shown.text)).text  # several lines to copy
        assert is_rtl(shown.text), key
        assert SAID not in shown.text, key
        for line in (*text.splitlines(), *(button.label for row in shown.keyboard for button in row if is_rtl(button.label))):
            assert line.count(LRI) + line.count(FSI) == line.count(PDI), (key, line)
            free = re.sub(f"[{LRI}{FSI}][^{PDI}]*{PDI}", "", line)
            assert not _MOVED.search(free), (key, free)
            seen += line.count(LRI)
        for line in filter(str.strip, text.splitlines()):
            first = next((kind for kind in map(unicodedata.bidirectional, line) if kind in ("L", "R", "AL")), "L")
            assert first in ("R", "AL"), (key, line)
        assert common.width(text) == common.width(_MARKS.sub("", text))
    assert seen > 500


@pytest.mark.long
def test_no_view_in_english_is_turned_around() -> None:
    """Neither a message nor a button of somebody who reads English, whatever it is that they see of others and of languages."""
    for key, view in every_view(PLAIN).items():
        shown = view(CATALOGUE.words("en", "Europe/Moscow"))
        assert not any(map(is_rtl, (shown.text, *(button.label for row in shown.keyboard for button in row)))), key
