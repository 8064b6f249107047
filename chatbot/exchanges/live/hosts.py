"""Where signed requests may go: the host is checked before anything is signed, and once more after.

ccxt keeps live addresses where it has no test accounts, or raises and keeps them all the same; options name other addresses, or one
through which every request would pass; an answer may redirect. None of that must carry a signature to somebody else.
"""

from __future__ import annotations

from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatbot.errors import Rejected, Unreachable
from chatbot.exchanges.live.venues import VENUES
from chatbot.model import venue_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from chatbot.exchanges.live.venues import Place

_VERBS = frozenset({"get", "post", "put", "delete"})
#: options of ccxt that put another address before every address; a real proxy (httpsProxy) sees no more than the host
_PREFIXES = ("proxy", "proxyUrl", "proxy_url", "proxyUrlCallback", "proxy_url_callback")


class Addresses:
    """The addresses of one exchange's real accounts, or of one kind of its test accounts."""

    def __init__(self, exchange: str, options: Mapping[str, Any]) -> None:
        """Take the name, ``binance`` or ``binance:demo``, and what CHATBOT_EXCHANGE_OPTIONS holds. Raises ``KeyError`` without accounts."""
        venue = venue_of(exchange)
        places = VENUES[venue].places
        self._exchange = exchange
        self._options = options
        self._place: Place = places[exchange.removeprefix(venue).removeprefix(":")]
        #: hosts of the exchange's other accounts: real and test money are never mixed, whatever the options say
        self._others = {host for place in places.values() for host in place.hosts.values()} - {*self._place.hosts.values(), ""}

    def take(self, made: Any) -> None:  # noqa: ANN401 - ccxt is untyped
        """Have a ccxt object use them. Raises ``Unreachable`` where it cannot: then it may still hold live addresses."""
        if not self._place.switch:
            return
        try:
            getattr(made, self._place.switch)(True)
        except Exception as error:
            raise Unreachable(f"{self._exchange}: ccxt has no such accounts") from error

    def guard(self, made: Any) -> None:  # noqa: ANN401 - ccxt is untyped
        """Let a ccxt object sign nothing for another host, and follow no redirect."""
        sign = made.sign

        def checked(path: str, api: Any = "public", *args: Any, **named: Any) -> Any:  # noqa: ANN401 - ccxt is untyped
            part = api if isinstance(api, str) else "/".join(api)
            self.check_before(made, part)
            request = sign(path, api, *args, **named)
            self.check(part, request["url"])
            return request

        made.sign = checked
        made.open()
        made.session = Straight(made.session)

    def check_before(self, made: Any, part: str) -> None:  # noqa: ANN401 - ccxt is untyped
        """Refuse to sign where a ccxt object would send a request of this part to another host. Raises ``Rejected``."""
        self.check(part, str(made.implode_hostname(_found(made.urls["api"], part) or "")))

    def check(self, part: str, url: str) -> None:
        """Refuse an address that is not the exchange's own, or the one that options name for it. Raises ``Rejected``."""
        named, own, to = _found(self._named(), part), self._place.hosts.get(part), urlsplit(url)
        if isinstance(named, str):
            wanted = urlsplit(named)
            fits = (to.scheme, to.netloc) == (wanted.scheme, wanted.netloc) and _is_private(to) and to.hostname not in self._others
        else:
            fits = bool(own) and (to.scheme, to.netloc) == ("https", own)
        if not fits or any(self._options.get(name) for name in _PREFIXES):
            raise Rejected("wrong_host", f"{self._exchange}: {part} would go to {to.hostname or 'nowhere'}")

    def _named(self) -> Mapping[str, Any]:
        """Return the addresses that CHATBOT_EXCHANGE_OPTIONS names in place of the exchange's own, by part."""
        named = (self._options.get("urls") or {}).get(self._place.urls) or {}
        return named if isinstance(named, dict) else {}


def _found(urls: Mapping[str, Any], part: str) -> str | None:
    """Return the address of a part; where ccxt keeps addresses in a tree, ``part`` is the way to it: ``spot/private``."""
    found: object = urls
    for name in part.split("/"):
        found = found.get(name) if isinstance(found, dict) else found
    return found if isinstance(found, str) else None


def _is_private(to: SplitResult) -> bool:
    """Tell whether nobody on the way reads what is sent: by TLS, or because it stays on this machine."""
    if to.scheme == "https" or to.hostname == "localhost":
        return True
    try:
        return to.scheme == "http" and ip_address(to.hostname or "").is_loopback
    except ValueError:
        return False


class Straight:
    """A session that follows no redirect: an answer that sends a signed request elsewhere is no answer."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - aiohttp's, which this package does not import
        self._session = session

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        found = getattr(self._session, name)
        return partial(found, allow_redirects=False) if name in _VERBS else found
