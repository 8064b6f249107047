"""Nothing is signed for a host that is not the exchange's own or named by the operator: options, redirects, prefixes, ccxt's leftovers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from chatbot.clock import ManualClock
from chatbot.errors import Rejected, Unreachable
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.hosts import Addresses
from chatbot.exchanges.live.key_doctor import examine
from chatbot.exchanges.live.venues import VENUES, accounts_of
from chatbot.model import Credentials, KeyProblem, is_test, venue_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = Credentials(api_key="key-0000000000000001", secret="secret-0000000000000001")
EVERY = [name for venue in VENUES for name in accounts_of(venue)]
LOOPBACK = "http://127.0.0.1:8080/api"


def a_part(exchange: str) -> str:
    """Return ccxt's way to a part of an exchange that gets signed requests."""
    return next(iter(VENUES[venue_of(exchange)].places[exchange.partition(":")[2]].hosts))


def named(exchange: str, url: str) -> dict[str, Any]:
    """Return options that name this address for every part of an exchange's accounts."""
    place, tree = VENUES[venue_of(exchange)].places[exchange.partition(":")[2]], dict[str, Any]()
    for part in place.hosts:
        branch, (*way, last) = tree, part.split("/")
        for name in way:
            branch = branch.setdefault(name, {})
        branch[last] = url
    return {"urls": {place.urls: tree}}


@pytest.mark.parametrize("exchange", [name for name in EVERY if not name.endswith(":own")])
def test_ccxt_itself_sends_every_signed_part_to_the_host_that_is_written_down(exchange: str) -> None:
    """The table is held to ccxt: a version that moves an address is refused, not followed."""
    made = exchange_class(venue_of(exchange))({})
    addresses = Addresses(exchange, {})
    addresses.take(made)
    place = VENUES[venue_of(exchange)].places[exchange.partition(":")[2]]
    for part in place.hosts:
        addresses.check_before(made, part)
    real = VENUES[venue_of(exchange)].places[""].hosts.values()
    assert is_test(exchange) is set(place.hosts.values()).isdisjoint(real)
    with pytest.raises(Rejected, match="wrong_host"):
        addresses.check_before(made, "dapiPrivate")


def test_where_ccxt_keeps_addresses_in_a_tree_a_part_is_the_way_to_one() -> None:
    made, addresses = exchange_class("mexc")({}), Addresses("mexc", {})
    addresses.check_before(made, "spot/private")
    for part in ("spot", "broker/private", "spot/elsewhere"):
        with pytest.raises(Rejected, match="wrong_host"):
            addresses.check_before(made, part)
    made.urls["api"]["spot"]["private"] = "https://stub.example"
    with pytest.raises(Rejected, match=r"stub\.example"):
        addresses.check_before(made, "spot/private")
    Addresses("mexc", named("mexc", LOOPBACK)).check("spot/private", f"{LOOPBACK}/api/v3/order")


@pytest.mark.parametrize("exchange", EVERY)
@pytest.mark.parametrize(
    ("url", "fits"),
    [
        (LOOPBACK, True),
        ("https://stub.example/api", True),
        ("http://[::1]:8080/api", True),
        ("http://localhost:8080/api", True),
        ("http://stub.example/api", False),
        ("http://10.0.0.7/api", False),
    ],
)
def test_options_name_other_hosts_plain_http_on_the_loopback_alone(exchange: str, url: str, fits: bool) -> None:
    part = next(part for part in VENUES[venue_of(exchange)].places[""].hosts if part.endswith("private"))
    addresses = Addresses(exchange, named(exchange, url))
    if fits:
        addresses.check(part, url + "/order")
    for other in ("https://elsewhere.example/api/order", *(() if fits else (url + "/order",))):
        with pytest.raises(Rejected, match="wrong_host"):
            addresses.check(part, other)


@pytest.mark.parametrize("exchange", EVERY)
def test_real_and_test_money_are_never_mixed_whatever_the_options_say(exchange: str) -> None:
    """An address of the exchange's other accounts is refused even where it is named."""
    for other in accounts_of(venue_of(exchange)):
        for host in set(VENUES[venue_of(exchange)].places[other.partition(":")[2]].hosts.values()) - {""}:
            if other != exchange:
                with pytest.raises(Rejected, match="wrong_host"):
                    Addresses(exchange, named(exchange, f"https://{host}/api")).check(a_part(exchange), f"https://{host}/api/order")


@pytest.mark.parametrize("prefix", ["proxy", "proxyUrl", "proxy_url"])
def test_an_address_that_stands_before_every_address_is_refused(prefix: str) -> None:
    """Ccxt would send the signed request there; httpsProxy, which sees the host alone, is no such thing."""
    for options in ({prefix: "https://reader.example/?"}, {"httpsProxy": "http://127.0.0.1:3128"}):
        addresses = Addresses("binance", options)
        if prefix in options:
            with pytest.raises(Rejected, match="wrong_host"):
                addresses.check("private", "https://api.binance.com/api/v3/order")
        else:
            addresses.check("private", "https://api.binance.com/api/v3/order")


def test_where_ccxt_has_no_such_accounts_nothing_is_opened() -> None:
    """FACTS 4: some exchanges raise, and keep their live addresses."""

    class Stubborn:
        def enable_demo_trading(self, _: bool) -> None:
            raise KeyError("demo")

    with pytest.raises(Unreachable, match="no such accounts"):
        Addresses("binance:demo", {}).take(Stubborn())


@pytest.fixture
async def crossing() -> AsyncIterator[tuple[str, list[str]]]:
    """Return the address of a server that sends everybody elsewhere, and what was asked of that place."""
    arrived: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        arrived.append(str(request.rel_url))
        return web.json_response({"serverTime": 1, "retCode": 0, "result": {}})

    async def sends_on(request: web.Request) -> web.Response:
        if request.path.endswith("/time"):
            return web.json_response({"serverTime": 1_767_225_600_000})
        raise web.HTTPTemporaryRedirect(f"/elsewhere{request.rel_url}")

    app = web.Application()
    app.router.add_route("*", "/elsewhere/{path:.*}", elsewhere)
    app.router.add_route("*", "/{path:.*}", sends_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", arrived
    await runner.cleanup()


async def test_the_key_doctor_follows_no_redirect_and_signs_for_nobody_else(crossing: tuple[str, list[str]]) -> None:
    """The key stands in the headers of what is asked, the signature in its query."""
    base, arrived = crossing
    options = named("binance", base) | {"timeout_on_exit": 0}
    said = await examine("binance", KEY, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), options)
    assert said.problems
    assert KeyProblem.UNREACHABLE in said.problems
    assert arrived == []
    said = await examine("binance", KEY, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), {**options, "proxyUrl": f"{base}/elsewhere/"})
    assert KeyProblem.UNREACHABLE in said.problems
    assert arrived == []
