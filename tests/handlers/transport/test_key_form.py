"""A key goes from the form to its exchange and into the vault: no file, log line, traceback, message or export holds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from chatbot import backup
from chatbot.exchanges.live import key_doctor
from chatbot.store import accounts, events, privacy
from chatbot.vault import new_master_key
from chatbot.web.server import WebServer
from handlers.run import key_form
from tests.exchanges.live.key_server import API_KEY, SECRET, KeyServer, key_server
from tests.overheard import overheard
from tests.person import someone
from tests.web.test_key_form import ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.person import Someone

PUBLIC = "https://bot.example"
KEY = {"api_key": API_KEY, "secret": SECRET}
FROM_ITSELF = {"Origin": PUBLIC}


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as serving:
        yield serving


@pytest.fixture
async def ann(tmp_path: Path, server: KeyServer) -> AsyncIterator[Someone]:
    folder = tmp_path / "data"
    folder.mkdir()
    settings: dict[str, Any] = {"secret_keys": new_master_key(), "exchange_options": server.options, "public_url": PUBLIC}
    async with someone(folder, **settings) as found:
        yield found


@pytest.fixture
async def at(ann: Someone) -> AsyncIterator[str]:
    """Serve the form of Ann's bot and give the address of the server."""
    async with WebServer(key_form=key_form(ann.program)) as serving:
        yield serving.url


async def form_of(ann: Someone, at: str, exchange: str = "Binance") -> str:
    """Ask for a form and return where it stands."""
    await ann.say("/connect")
    (first, *_), *_ = (await ann.taps(exchange)).keyboard
    return at + str(first["url"]).removeprefix(f"{PUBLIC}/")


@pytest.mark.parametrize(("language", "said"), [("pt_BR", '<html lang="pt-BR" dir="ltr">'), ("ar", '<html lang="ar" dir="rtl">')])
async def test_the_form_says_in_which_language_it_is_and_from_where_that_is_read(ann: Someone, at: str, language: str, said: str) -> None:
    """A screen reader takes its voice from it; Portuguese had a name that no page knows, and Arabic stood on the left."""
    await ann.say("/start")
    person = next(iter(await ann.program.access.everybody()))
    person = await ann.program.access.speak(person, language)
    _, text, _ = await ask("GET", f"{at}key/{await ann.program.keyring.offer_form(person, 'binance')}")
    assert said in text


@pytest.mark.long
async def test_a_key_is_given_on_the_form_and_its_card_comes_into_the_chat(ann: Someone, at: str) -> None:
    """What is no key leaves the form as it is; the first key uses it up."""
    page = await form_of(ann, at)
    status, text, _ = await ask("GET", page)
    assert (status, "Your Binance key" in text) == (200, True)
    status, text, _ = await ask("POST", page, data={**KEY, "secret": "short"}, headers=FROM_ITSELF)
    assert (status, "That is not a key." in text) == (422, True)
    status, text, _ = await ask("POST", page, data=KEY, headers=FROM_ITSELF)
    assert (status, "<h1>Connected</h1>" in text) == (200, True)
    await ann.outbox.drain()
    ann.sees("Connected\nBinance …Eh8A", "Spot: 0.6 BTC", "With a key I only read")
    for method in ("GET", "POST"):
        status, text, _ = await ask(method, page, data=KEY if method == "POST" else None, headers=FROM_ITSELF)
        assert (status, "This page has ended" in text) == (410, True)


async def test_a_form_asks_for_as_many_parts_as_a_key_has(ann: Someone, at: str) -> None:
    """WEEX's have three: two are too few there, and three too many elsewhere; the address stays as it is."""
    page = await form_of(ann, at, "WEEX")
    status, text, _ = await ask("GET", page)
    assert (status, 'name="passphrase" type="password"' in text) == (200, True)
    for third in ("", "with a blank", "x" * 65):
        status, text, _ = await ask("POST", page, data={**KEY, "passphrase": third}, headers=FROM_ITSELF)
        assert (status, "Copy all three parts in full" in text or "That is not a key" in text) == (422, True)
    page = await form_of(ann, at)
    status, text, _ = await ask("POST", page, data={**KEY, "passphrase": "letters1"}, headers=FROM_ITSELF)
    assert (status, "Copy the API key and the secret in full" in text, 'name="passphrase"' in text) == (422, True, False)


async def test_a_key_that_is_refused_is_told_in_the_chat(ann: Someone, at: str, server: KeyServer) -> None:
    """In Spanish, on the page too, for who speaks it; the page itself says only where to look."""
    await ann.say("/settings")
    await ann.taps("Language", "Español")
    server.answers["/sapi/v1/account/apiRestrictions"]["enableWithdrawals"] = True
    await ann.say("/connect")
    (first, *_), *_ = (await ann.taps("Binance")).keyboard
    page = at + str(first["url"]).removeprefix(f"{PUBLIC}/")
    assert "Tu clave de Binance" in (await ask("GET", page))[1]
    _, text, _ = await ask("POST", page, data=KEY, headers=FROM_ITSELF)
    assert "La clave no se ha guardado" in text
    await ann.outbox.drain()
    ann.sees("Puede retirar fondos, y no acepto claves así.")
    assert await ann.program.keyring.of(await ann_of(ann)) == ()


async def ann_of(ann: Someone) -> Any:
    return next(one for one in await ann.program.access.everybody() if one.id == ann.user.id)


async def test_ten_minutes_are_the_most_and_cancel_ends_it_at_once(ann: Someone, at: str) -> None:
    page = await form_of(ann, at)
    ann.clock.advance(600)
    assert (await ask("POST", page, data=KEY, headers=FROM_ITSELF))[0] == 410
    page = await form_of(ann, at)
    await ann.say("/cancel")
    assert (await ask("GET", page))[0] == 410


async def test_without_an_address_or_a_master_key_there_is_no_form(tmp_path: Path) -> None:
    """Nothing of it is reachable then."""
    for settings in ({"public_url": PUBLIC}, {"secret_keys": new_master_key()}):
        async with someone(tmp_path, **settings) as ann:
            assert key_form(ann.program) is None


# The canary


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect every line of every logger."""
    with overheard(monkeypatch) as written:
        yield written


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("the exchange's answer breaks us")


async def put_in(ann: Someone, at: str, way: str) -> None:
    """Give the canary on the form, or type it into the chat as if there were no address for a form."""
    if way == "form":
        await ask("POST", await form_of(ann, at), data=KEY, headers=FROM_ITSELF)
        return
    async with ann.program.db.transaction() as tx:
        await accounts.set_dialog(tx, ann.user.id, "key_text", ann.program.keyring.question("binance"))
    await ann.loopback.text(ann.user, f"{API_KEY}\n{SECRET}")
    pulled = await ann.pull()
    await everything_written(ann, pulled)  # while it waits to be handled
    for update in pulled:
        await ann.bot.update_processor.process_update(update, ann.bot.process_update(update))


async def everything_written(ann: Someone, *more: object) -> str:
    """Return every file of the data folder, the stored messages, the export, and what else is given; a copy as well."""
    folder = ann.program.settings.data_dir
    copy = folder.parent / f"copy-{len(list(folder.parent.iterdir()))}.db"
    await asyncio.to_thread(backup.back_up, f"sqlite:///{folder / 'ballast.sqlite'}", copy, ann.clock.now())
    files = await asyncio.to_thread(lambda: [path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()])
    async with ann.program.db.read() as tx:
        exported = await privacy.export_person(tx, ann.user.id)
    chat = [message.text for message in ann.loopback.chat(ann.user.id) if message.sender is None]
    assert len(files) > 1
    found = "\n".join([*(file.decode("latin-1") for file in files), repr(exported), repr(chat), repr(more)])
    assert SECRET not in found
    assert API_KEY not in found
    return found


@pytest.mark.long
@pytest.mark.parametrize("way", ["form", "chat"])
@pytest.mark.parametrize("fate", ["connected", "refused", "broken"])
async def test_a_canary_is_found_in_nothing_that_is_written(
    ann: Someone, at: str, server: KeyServer, lines: list[str], monkeypatch: pytest.MonkeyPatch, way: str, fate: str
) -> None:
    """Files, side files, stored updates and messages, a copy, the export, every logger at DEBUG, tracebacks with their local variables."""
    if fate == "refused":
        server.answers["/sapi/v1/account/apiRestrictions"]["enableWithdrawals"] = True
    if fate == "broken":
        monkeypatch.setattr(key_doctor, "problems", broken)
    await put_in(ann, at, way)
    await ann.outbox.drain()
    theirs = await ann.program.keyring.of(await ann_of(ann))
    assert len(theirs) == (fate == "connected")
    for key in theirs:
        await ann.program.keyring.look(await ann_of(ann), key.id)
    await everything_written(ann, theirs)
    await ann.say("/keys")
    written = "\n".join(lines)
    assert len(lines) > 3
    assert ("RuntimeError" in written) == ("Credentials()" in written) == (fate == "broken"), "what is local shows where it should"
    assert SECRET not in written


@pytest.mark.sqlite  # it is looked for in the bytes of files
async def test_the_canary_is_found_where_it_is_written(ann: Someone) -> None:
    """The search sees what it looks for: in a file of the folder and in a stored update."""
    async with ann.program.db.transaction() as tx:
        await events.record_update(tx, 99, f"my key {SECRET}")
    with pytest.raises(AssertionError):
        await everything_written(ann)
