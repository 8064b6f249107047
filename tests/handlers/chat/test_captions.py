"""No picture goes out without its caption: every view, new and in place of another, over a Telegram that refuses what is too long."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from telegram.ext import ExtBot

from chatbot.charts.direction import FSI, LRI, PDI, RLM
from chatbot.i18n import Catalogue
from handlers.chat import sending
from handlers.chat.pictures import png
from handlers.loopback import Loopback, TelegramUser
from handlers.loopback.markup import parse_html
from handlers.views.common import DASH, MAX_CAPTION, Html, PictureKind, View
from tests.charts.looking import assert_apart, watched
from tests.handlers.loopback.test_conversation import png as one_pixel
from tests.handlers.views.view_examples import HOSTILE, PLAIN, every_view
from tests.languages import spoken
from tests.places import LOCALE, ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from handlers.loopback.values import Message
    from handlers.views.common import Picture

ANN = TelegramUser(id=42, name="Ann", language="en")
#: what the library takes a caption for
_CALLS = {"send_photo", "reply_photo", "InputMediaPhoto", "send_media_group"}


@pytest.fixture
async def bot(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[ExtBot[None], Loopback]]:
    """Give a bot in a chat; pictures are of one pixel, since what they show is tested elsewhere."""
    pixel = one_pixel()

    async def draw(_: Picture) -> bytes:
        return pixel

    monkeypatch.setattr(sending, "draw", draw)
    loopback = Loopback()
    async with ExtBot(loopback.token, request=loopback.request(), get_updates_request=loopback.request()) as bot:
        await loopback.start(ANN)
        yield bot, loopback


def assert_captioned(shown: Message, view: View) -> None:
    """Fail where a message lacks a word of its view, or has a picture that the view has not."""
    assert shown.text == parse_html(view.text).text.strip()
    assert shown.picture is None or view.picture is not None
    assert (shown.picture is not None) == (view.picture is not None and len(shown.text) <= MAX_CAPTION)


@pytest.mark.long
@pytest.mark.parametrize(("language", "name"), [("en", PLAIN), ("ru", HOSTILE[5])], ids=["en", "ru"])
async def test_every_view_with_a_picture_has_its_whole_text_as_caption(
    bot: tuple[ExtBot[None], Loopback], language: str, name: str
) -> None:
    """Sent anew and edited into the place of another picture; what is longer than 1,024 characters is text alone, not a bare picture."""
    sender, loopback = bot
    words, pictured = Catalogue(LOCALE).words(language), 0
    for key, make in every_view(name).items():
        view = make(words)
        if view.picture is None:
            continue
        pictured += 1
        before = len(loopback.chat(ANN.id))
        await sending.send(sender, ANN.id, view, None)
        assert len(loopback.chat(ANN.id)) == before + 1, f"{key} is one message"
        assert_captioned(loopback.last(ANN.id), view)
        other = await sending.send(sender, ANN.id, View(Html("?"), picture=view.picture), None)
        if await sending.edit(sender, ANN.id, other.message_id, view, None, has_picture=True) is not None:
            assert_captioned(loopback.last(ANN.id), view)
    assert pictured > 12


@pytest.mark.long
@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
def test_the_caption_says_every_number_that_the_picture_says(language: str) -> None:
    """To the character: the same rounding, minus, decimal sign and per cent. A change's drift is its weight after less its target."""
    words, kinds = Catalogue(LOCALE).words(language), set()
    for key, make in every_view().items():
        view = make(words)
        if view.picture is None or view.picture.kind is PictureKind.CHANGE:
            continue
        picture, told = view.picture, re.sub(f"[{LRI}{FSI}{PDI}{RLM}]", "", parse_html(view.text).text)
        numbers = [*picture.labels.numbers.values(), *(part for bar in picture.shocks for part in (bar.name, *bar.said))]
        numbers += [gauge.value.split(" / ")[0] for gauge in picture.gauges]
        if picture.equity is not None:
            numbers += [*(curve.said for curve in picture.equity.curves), picture.equity.deepest]
        if picture.layers is not None:
            numbers += [layer.said for layer in picture.layers.layers]
        if picture.months is not None:
            numbers += [cell.said for _, cells in picture.months.years for cell in cells if cell is not None]
        numbers += [number for bar in picture.gains for number in bar.said.split(" / ")]
        assert numbers, key
        said = [" ".join(number.removeprefix("+").split()) for number in numbers if number != DASH]
        assert [number for number in said if number not in " ".join(told.split())] == [], key
        kinds.add(picture.kind)
    assert kinds == set(PictureKind) - {PictureKind.CHANGE}


@pytest.mark.long
def test_no_word_and_no_number_of_a_picture_is_cut() -> None:
    """In Russian, which has the longest words, everything has room, if need be in smaller letters; no two texts meet."""
    words = Catalogue(LOCALE).words("ru")
    for make in every_view().values():
        if (picture := make(words).picture) is not None:
            with watched() as written:
                png(picture)
            assert [one.text for one in written if one.text.endswith("…")] == []
            assert_apart(written)


async def test_a_text_of_1024_characters_is_a_caption_and_of_1025_a_text(bot: tuple[ExtBot[None], Loopback]) -> None:
    """Counted as Telegram counts, markup left out: the strict stand-in refuses a longer caption."""
    sender, loopback = bot
    picture = next(view.picture for make in every_view().values() if (view := make(Catalogue(LOCALE).words("en"))).picture is not None)
    for length, pictured in ((MAX_CAPTION, True), (MAX_CAPTION + 1, False)):
        await sending.send(sender, ANN.id, View(Html(f"<b>{'x' * length}</b>"), picture=picture), None)
        assert (loopback.last(ANN.id).picture is not None) == pictured
        assert len(loopback.last(ANN.id).text) == length


def test_no_other_place_sends_a_picture() -> None:
    """Every call in the code that takes a caption gives one, and all of them stand in one file."""
    found = {}
    for path in (*ROOT.glob("handlers/**/*.py"), *ROOT.glob("chatbot/**/*.py")):
        code = path.read_text("utf-8")
        for node in ast.walk(ast.parse(code)) if any(call in code for call in _CALLS) else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _CALLS:
                found[path.name, node.lineno] = {word.arg for word in node.keywords}
    assert len(found) == 2
    assert {name for name, _ in found} == {"sending.py"}
    assert all("caption" in words for words in found.values())
