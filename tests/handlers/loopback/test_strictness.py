"""The loopback refuses what Telegram refuses; the wordings of the markup were compared with TDLib's own parser."""

from __future__ import annotations

import asyncio
import json
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from handlers.loopback import Loopback, TelegramUser
from handlers.loopback.call import Call, Upload
from handlers.loopback.keyboards import checked_keyboard
from handlers.loopback.markup import parse_html, units
from handlers.loopback.pictures import photo_size
from handlers.loopback.refusals import Refused

ADA = TelegramUser(id=101)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("é<u>x</i>", 'Unmatched end tag at byte offset 6, expected "</u>", found "</i>"'),
        ("<q>x</q>", 'Unsupported start tag "q" at byte offset 0'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<b/>", 'Unsupported start tag "b/" at byte offset 0'),
        ("salt & pepper", "Unescaped character '&' at byte offset 5"),
    ],
)
def test_broken_markup_is_refused_in_telegrams_words(source: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_html(source)
    assert (refused.value.code, refused.value.description) == (400, f"Bad Request: can't parse entities: {words}")


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a<b>b</b>", "ab", [("bold", 1, 1)]),
        ("😀<i>x &lt; y</i>", "😀x < y", [("italic", 2, 5)]),
        ("  <pre>a\nb</pre> ", "a\nb", [("pre", 0, 3)]),
        ("<b></b>x", "x", []),
        ("<code>a<b>b</b></code>", "ab", [("code", 0, 2)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        ("<u>a</><s>b</s>", "ab", [("underline", 0, 1), ("strikethrough", 1, 1)]),
        ("try /start now", "try /start now", [("bot_command", 4, 6)]),
        ("and/or 1/2 <code>/x</code>", "and/or 1/2 /x", [("code", 11, 2)]),
        ("<span class='tg-spoiler'>z</span>", "z", [("spoiler", 0, 1)]),
    ],
)
def test_good_markup_becomes_text_and_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    parsed = parse_html(source)
    assert parsed.text == text
    assert [(e.type, e.offset, e.length) for e in parsed.entities] == entities


def test_links_languages_and_times_keep_their_arguments() -> None:
    parsed = parse_html(
        '<a href="https://a.b/?x=1&amp;y=2">l</a>'
        '<pre><code class="language-json">{}</code></pre><tg-time unix="60" format="wDT">t</tg-time>'
    )
    link, pre, when = parsed.entities
    assert link.url == "https://a.b/?x=1&y=2"
    assert (pre.type, pre.language) == ("pre", "json")
    assert (when.unix_time, when.date_time_format) == (60, "wDT")


@given(st.text(alphabet="<>&\"'/ab=;! é😀\n", max_size=30))
def test_any_input_is_parsed_or_refused_and_entities_stay_inside_the_text(source: str) -> None:
    try:
        parsed = parse_html(source)
    except Refused as refused:
        assert refused.description.startswith("Bad Request: can't parse entities: ")  # noqa: PT017
        return
    assert all(e.offset >= 0 and e.length > 0 and e.offset + e.length <= units(parsed.text) for e in parsed.entities)


def _call(text: str = "", **params: object) -> Call:
    return Call(method="sendMessage", params={"text": text, **params})


def test_text_is_measured_after_parsing_and_trimming() -> None:
    assert len(_call("  <b>" + "é" * 4096 + "</b> ", parse_mode="HTML").text().text) == 4096
    with pytest.raises(Refused, match="message is too long"):
        _call("é" * 4097).text()
    with pytest.raises(Refused, match="message text is empty"):
        _call(" <b> </b>\n", parse_mode="HTML").text()
    assert len(_call(caption="x" * 1024).caption().text) == 1024
    with pytest.raises(Refused, match="message caption is too long"):
        _call(caption="x" * 1025).caption()
    with pytest.raises(Refused, match="unsupported parse_mode"):
        _call("*x*", parse_mode="MarkdownV2").text()


def _keys(*rows: list[dict[str, object]]) -> dict[str, object]:
    return {"inline_keyboard": list(rows)}


def test_button_data_is_counted_in_bytes() -> None:
    assert checked_keyboard(_keys([{"text": "a", "callback_data": "é" * 32}]))
    for data in ("", "é" * 32 + "x"):
        with pytest.raises(Refused, match="BUTTON_DATA_INVALID"):
            checked_keyboard(_keys([{"text": "a", "callback_data": data}]))


@pytest.mark.parametrize(
    ("keyboard", "words"),
    [
        (_keys([{"text": " ", "callback_data": "x"}]), "BUTTON_TEXT_EMPTY"),
        (_keys([{"text": "a"}]), "Text buttons are unallowed"),
        (_keys([{"text": "a", "callback_data": "x", "url": "https://a.b"}]), "Text buttons are unallowed"),
        (_keys([{"text": "a", "url": "javascript:alert(1)"}]), "Wrong HTTP URL"),
        (_keys([{"text": "a", "copy_text": {"text": "x" * 257}}]), "BUTTON_COPY_TEXT_INVALID"),
        (_keys([{"text": "a", "callback_data": "x", "style": "purple"}]), "invalid button style"),
        (_keys([{"text": "a", "callback_data": "x"}] * 9), "REPLY_MARKUP_TOO_LONG"),
        (_keys(*[[{"text": "a", "callback_data": "x"}]] * 101), "REPLY_MARKUP_TOO_LONG"),
        (_keys(*[[{"text": "a" * 200, "callback_data": "x"}]] * 50), "REPLY_MARKUP_TOO_LONG"),
        ({"keyboard": [["a"]]}, "can't parse inline keyboard"),
    ],
)
def test_a_keyboard_that_telegram_would_not_show_is_refused(keyboard: object, words: str) -> None:
    with pytest.raises(Refused, match=words):
        checked_keyboard(keyboard)


def _png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00" + b"IEND\xaeB`\x82"


def test_photos_have_limits_of_type_size_and_shape() -> None:
    assert photo_size(_png(5000, 5000)) == (5000, 5000)
    assert photo_size(_png(200, 10)) == (200, 10)
    for width, height in ((5001, 5000), (211, 10), (0, 5)):
        with pytest.raises(Refused, match="PHOTO_INVALID_DIMENSIONS"):
            photo_size(_png(width, height))
    with pytest.raises(Refused, match="IMAGE_PROCESS_FAILED"):
        photo_size(b"GIF89a and so on")
    with pytest.raises(Refused, match="too big"):
        photo_size(_png(10, 10) + b"\0" * 10_485_760)
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03"
    assert photo_size(jpeg) == (40, 30)


async def _perform(loopback: Loopback, method: str, **params: object) -> object:
    return await loopback._wire.carry(Call(method=method, params=params))


async def _waiting(loopback: Loopback, offset: int = 0, limit: int = 100) -> list[int]:
    updates = await _perform(loopback, "getUpdates", offset=offset, limit=limit)
    return [update["update_id"] for update in updates]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, tzinfo=UTC))


async def test_updates_wait_until_they_are_confirmed(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    for text in "abc":
        await loopback.text(ADA, text)
    first, second, third = await _waiting(loopback)
    assert await _waiting(loopback, limit=1) == [first]
    assert await _waiting(loopback, offset=first + 1) == [second, third]
    assert await _waiting(loopback, offset=-1) == [third]
    assert await _waiting(loopback, offset=third + 1) == []
    assert loopback.waiting_updates == 0


async def test_a_tap_is_forgotten_after_150_seconds_and_a_message_after_a_day(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    await loopback.text(ADA, "hi")
    await _perform(loopback, "sendMessage", chat_id=ADA.id, text="x", reply_markup=_keys([{"text": "a", "callback_data": "x"}]))
    await loopback.tap(ADA, loopback.last(ADA.id).id, "a")
    assert len(await _waiting(loopback)) == 2
    clock.advance(151)
    assert len(await _waiting(loopback)) == 1
    clock.advance(24 * 3600)
    assert await _waiting(loopback) == []


async def test_allowed_updates_are_sticky_and_applied_when_the_update_is_made(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    said = await loopback.text(ADA, "hi")
    await _perform(loopback, "getUpdates", allowed_updates=["message"])
    await loopback.edit(ADA, said.id, "ho")
    assert len(await _waiting(loopback)) == 1
    await _perform(loopback, "getUpdates", allowed_updates=[])
    await loopback.edit(ADA, said.id, "hu")
    assert len(await _waiting(loopback)) == 2


async def test_nobody_can_be_written_to_before_they_wrote(clock: ManualClock) -> None:
    with pytest.raises(Refused, match="chat not found"):
        await _perform(Loopback(clock), "sendMessage", chat_id=5, text="hello")


async def test_floods_are_answered_with_the_seconds_to_wait(clock: ManualClock) -> None:
    loopback = Loopback(clock, flood=True)
    await loopback.text(ADA, "hi")
    for number in range(5):
        await _perform(loopback, "sendMessage", chat_id=ADA.id, text=str(number))
    with pytest.raises(Refused) as refused:
        await _perform(loopback, "sendMessage", chat_id=ADA.id, text="too much")
    body = json.loads(json.dumps(refused.value.to_json()))
    assert body["parameters"] == {"retry_after": 5}
    clock.advance(5)
    await _perform(loopback, "sendMessage", chat_id=ADA.id, text="now")


async def test_a_file_that_is_no_picture_is_refused_as_a_photo(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    await loopback.text(ADA, "hi")
    call = Call(method="sendPhoto", params={"chat_id": ADA.id}, files={"photo": Upload(name="a", data=b"text", media_type="image/png")})
    with pytest.raises(Refused, match="IMAGE_PROCESS_FAILED"):
        await loopback._wire.carry(call)
    with pytest.raises(Refused, match="there is no photo in the request"):
        await _perform(loopback, "sendPhoto", chat_id=ADA.id)


async def test_a_reader_that_lags_is_cut_off(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    with loopback.subscribed() as listener:
        for _ in range(2100):
            await loopback.text(ADA, "x")
    assert listener.cut
    assert listener.queue.qsize() == 2001


async def test_a_newer_poll_ends_the_older_one_with_a_conflict(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    async with asyncio.TaskGroup() as tasks:
        older = tasks.create_task(_ends(loopback))
        await asyncio.sleep(0)
        newer = tasks.create_task(_perform(loopback, "getUpdates", timeout=30))
        await asyncio.sleep(0)
        await loopback.text(ADA, "hi")
    assert older.result() == (409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
    assert len(newer.result()) == 1


async def _ends(loopback: Loopback) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        await _perform(loopback, "getUpdates", timeout=30)
    return refused.value.code, refused.value.description


async def test_a_deleted_account_and_a_known_one_differ(clock: ManualClock) -> None:
    loopback = Loopback(clock)
    loopback.know(ADA)
    await _perform(loopback, "sendMessage", chat_id=ADA.id, text="first word")
    await loopback.deactivate(ADA)
    with pytest.raises(Refused, match="user is deactivated"):
        await _perform(loopback, "sendMessage", chat_id=ADA.id, text="?")


async def test_numbers_of_a_restarted_server_repeat_none_of_before(clock: ManualClock) -> None:
    loopback = Loopback(clock, epoch=5000)
    said = await loopback.text(ADA, "hi")
    assert said.id > 5000
    assert min(await _waiting(loopback)) > 5000


async def test_groups_have_a_limit_a_minute(clock: ManualClock) -> None:
    loopback = Loopback(clock, flood=True)
    await loopback.group_text(ADA, -5, "/start")
    for _ in range(20):
        await _perform(loopback, "sendMessage", chat_id=-5, text="x")
        clock.advance(1.5)
    with pytest.raises(Refused) as refused:
        await _perform(loopback, "sendMessage", chat_id=-5, text="x")
    assert refused.value.retry_after == 30
