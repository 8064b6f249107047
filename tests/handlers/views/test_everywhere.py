"""Every view, in every language, with names from hell: valid HTML, within Telegram's sizes, tables within forty columns."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import get_type_hints

import pytest

import handlers.views
from chatbot.model import Person
from handlers.bot import BUTTONS, COMMANDS
from handlers.buttons import MAX_BUTTONS, MAX_IN_ROW, Signer, changed_by, markup
from handlers.command_list import COMMANDS as MENU
from handlers.loopback.markup import parse_html
from handlers.views import common
from handlers.views.common import MAX_CAPTION, MAX_COLUMNS, MAX_TEXT, View, width
from tests.handlers.views.view_examples import HOSTILE, PLAIN, every_view
from tests.languages import ALWAYS, CATALOGUE, LANGUAGES, spoken

#: an ordinary name in every language, the longest in three, each other one in one of them; by `make soak`, each in every language
EVERYWHERE = [
    pytest.param(
        name,
        language,
        marks=() if name == PLAIN or (language in ALWAYS and (name == HOSTILE[5] or turn % len(ALWAYS) == place)) else pytest.mark.slow,
        id=f"{ascii(name)[:24]}-{language}",
    )
    for turn, name in enumerate((PLAIN, *HOSTILE))
    for place, language in enumerate((*ALWAYS, *(one for one in LANGUAGES if one not in ALWAYS)))
]
#: a person of the largest possible id, since it makes the longest payloads
PERSON = Person(id=2**52, chat_id=2**52)


@cache
def rendered(language: str, name: str) -> dict[str, View]:
    words = CATALOGUE.words(language, "Europe/Moscow")
    return {key: view(words) for key, view in every_view(name).items()}


@pytest.mark.long
@pytest.mark.parametrize(("name", "language"), EVERYWHERE)
def test_every_view_is_html_that_telegram_takes(language: str, name: str) -> None:
    """Telegram's own rules of markup accept every text, and its sizes hold; what has a picture is its caption."""
    for key, view in rendered(language, name).items():
        text = parse_html(view.text).text
        assert 0 < len(text) <= (MAX_CAPTION if view.picture else MAX_TEXT), key
        assert len(view.text.encode()) < 32_768, key
        assert common.visible_length(view.text) >= len(text), key


@pytest.mark.long
@pytest.mark.parametrize(("name", "language"), EVERYWHERE)
def test_every_table_fits_a_phone(language: str, name: str) -> None:
    """No line of a monospaced block is wider than forty columns, wide characters counted twice."""
    tables = 0
    for key, view in rendered(language, name).items():
        for block in re.findall(r"<pre>(.*?)</pre>", view.text, re.DOTALL):
            tables += 1
            for line in common.html_without_entities(block).splitlines():
                assert width(line) <= MAX_COLUMNS, (key, line)
    assert tables > 8


#: a hyphen that is meant as a sign: before a number or money, and behind nothing that would make it a name, a date or a command
_HYPHEN_AS_SIGN = re.compile(r"(?:^|[\s(→+])-[$€]?\d")


@pytest.mark.parametrize("language", spoken(pytest.mark.long))
def test_every_number_has_one_minus_and_one_form_of_per_cent(language: str) -> None:
    """A real minus; "46.2%" in English, "46,2 %" with a space that does not break in Russian, "%46,2" in Turkish; not of what is typed."""
    seen, zero = 0, CATALOGUE.words(language).percent(0, 0)
    is_before, space = zero.startswith("%"), zero.strip("%0")
    for key, view in rendered(language, PLAIN).items():
        text = parse_html(re.sub(r"<code>.*?</code>", "", view.text)).text
        assert not _HYPHEN_AS_SIGN.search(text), (key, _HYPHEN_AS_SIGN.search(text))
        for between in re.findall(r"%(\s*)[−+±]?\d" if is_before else r"\d(\s*)%", text):
            seen += 1
            assert between == space, (key, text)
        assert not is_before or not re.search(r"\d\s?%(?!\d)", text), (key, text)
    assert seen > 100


@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
def test_every_mark_of_a_moved_target_is_explained(language: str) -> None:
    """Whoever reads 0.4%* is told below what the strategy's own target is."""
    seen = 0
    for key, view in rendered(language, PLAIN).items():
        text = parse_html(view.text).text
        if "*" in text:
            seen += 1
            assert re.search(r"^\* ", text, re.MULTILINE), (key, text)
    assert seen >= 4


@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
def test_every_keyboard_can_be_sealed_and_is_handled(language: str) -> None:
    """Payloads fit into 64 bytes, rows and keyboards into Telegram's limits, labels are there, and a handler waits for every action."""
    signer, now, seen = Signer(b"k" * 32), datetime(2026, 11, 24, tzinfo=UTC), set()
    for key, view in rendered(language, HOSTILE[5]).items():
        words = dict.fromkeys((*changed_by(view.keyboard, 9_999_999), 9_999_999), "abcden")  # each as long as it gets
        sealed = markup(view.keyboard, signer, PERSON, now, about=9_999_999, words=words)
        assert sealed is not None or not view.keyboard
        assert sum(map(len, view.keyboard)) <= MAX_BUTTONS
        for row in view.keyboard:
            assert 1 <= len(row) <= MAX_IN_ROW, key
            assert all(button.label.strip() for button in row), key
            seen |= {button.tap.action for button in row}
    assert len(seen) > 20
    assert seen <= set(BUTTONS)


@pytest.mark.parametrize("language", spoken(pytest.mark.long))
def test_an_ordinary_status_is_a_caption(language: str) -> None:
    """Even with twelve lines everything is said under the picture."""
    views = rendered(language, PLAIN)
    assert all(
        views[key].picture is not None
        for key in ("portfolio.status.status", "portfolio.status.status of twelve", "plan.progress.result", "portfolio.strategy.targets")
    )


def test_every_view_has_an_example() -> None:
    """A view that nobody wrote an example for is not tested, so it fails here."""
    modules = [import_module(module.name) for module in walk_packages(handlers.views.__path__, "handlers.views.")]
    views = {
        f"{module.__name__.removeprefix('handlers.views.')}.{name}"
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and function.__annotations__.get("return") == "View"
    }
    views -= {"common.captioned"}
    assert len(views) > 40
    assert views == {key.split(" ")[0] for key in every_view()}


@pytest.mark.long
def test_messages_about_money_start_with_the_mode() -> None:
    """Whatever speaks of a portfolio says first whether it is real."""
    about_money = {
        key: view
        for key, view in rendered("ru", "balanced").items()
        if key.startswith(
            (
                *("portfolio.status.", "portfolio.why.", "plan.card.", "plan.nothing.", "plan.progress.", "plan.history."),
                *("alerts.", "person.schedule."),
            )
        )
    }
    assert len(about_money) > 20
    for key, view in about_money.items():
        assert re.match(r"<b>(PAPER|MANUAL|LIVE|WATCH|TEST)", view.text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_menu_is_handled_and_short(language: str) -> None:
    """Every command of the menu has a handler and no handler is hidden; descriptions stay far below Telegram's four kilobytes."""
    words = CATALOGUE.words(language)
    assert {command.name for command in MENU} == set(COMMANDS)
    assert all(1 <= len(words.t(command.description)) <= 256 for command in MENU)
    assert sum(len(command.name) + len(words.t(command.description).encode()) for command in MENU) < 2500


def test_type_hints_of_views_can_be_read() -> None:
    """The completeness test above rests on this annotation."""
    assert get_type_hints(View)["text"] is common.Html
