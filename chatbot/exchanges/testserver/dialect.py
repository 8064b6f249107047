"""What a venue's dialect says of itself: its paths, how it knows its clients, how it refuses; and a request and an answer as such."""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from chatbot.engine.finite import finite
from chatbot.exchanges.testserver.words import Call, Reason, Refusal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.limits import Limit
    from chatbot.exchanges.testserver.prices import Feed
    from chatbot.exchanges.testserver.state import Traits
    from chatbot.exchanges.testserver.venue import Venue


#: numbers and times in ms end here, in the year 2286
_LARGEST = 10**13


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as it came in. ``query`` and ``body`` are as they were sent, for the signature."""

    method: str
    host: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str]
    address: str = "127.0.0.1"
    args: dict[str, str] = field(default_factory=dict)
    #: names that were read; what was sent and is not among them is unknown to the exchange
    read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.args = {**dict(parse_qsl(self.query, keep_blank_values=True)), **_body_args(self.body)}

    def get(self, name: str, default: str = "") -> str:
        """Return an argument."""
        self.read.add(name)
        return self.args.get(name, default)

    def need(self, name: str) -> str:
        """Return an argument that must be there. Raises ``Refusal``."""
        if not self.get(name):
            raise Refusal(Reason.MISSING, name)
        return self.args[name]

    def whole(self, name: str, default: int) -> int:
        """Return a whole number, a time in ms for one. Raises ``Refusal``: it is none, or of no size."""
        if not self.get(name):
            return default
        value = self.number(name)
        if value % 1 or not 0 <= value <= _LARGEST:
            raise Refusal(Reason.BAD_VALUE, name)
        return int(value)

    def names(self, name: str) -> list[str]:
        """Return a list of texts that came as JSON; empty where there is none. Raises ``Refusal``."""
        try:
            found = json.loads(self.get(name) or "[]")
        except ValueError as error:
            raise Refusal(Reason.BAD_VALUE, name) from error
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise Refusal(Reason.BAD_VALUE, name)
        return found

    def number(self, name: str) -> Decimal:
        """Return a number that must be there. Raises ``Refusal``: it is none."""
        value = finite(self.need(name))
        if value is None:
            raise Refusal(Reason.BAD_VALUE, name)
        return value

    def word(self, name: str, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the caller's table holds
        """Return what a word stands for. Raises ``Refusal``: it is unknown."""
        value = self.need(name)
        if value not in known:
            raise Refusal(Reason.BAD_VALUE, name)
        return known[value]


def _body_args(body: str) -> dict[str, str]:
    if not body.startswith(("{", "[")):
        return dict(parse_qsl(body, keep_blank_values=True))
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    named = read if isinstance(read, dict) else {"list": read}  # ccxt's name of a body that is one
    return {key: _text(value) for key, value in named.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: JSON, unless something has gone wrong with it."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Talk:
    """Everything that a handler may need."""

    venue: Venue
    request: Request
    feed: Feed | None = None
    client: Account | None = None

    @property
    def account(self) -> Account:
        """Whose request it is; only paths that ask for a key have one."""
        if self.client is None:
            raise LookupError(f"{self.request.path} is public")
        return self.client

    def all_read(self) -> None:
        """Refuse the request if it holds a field that nobody has read, where the exchange is strict."""
        unread = self.request.args.keys() - self.request.read
        if unread and not self.venue.harshness.ignore_unknown:
            raise Refusal(Reason.UNREAD, ", ".join(sorted(unread)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path of a venue."""

    call: Call
    #: returns JSON, or an awaitable of it; raises ``Refusal``
    handle: Callable[[Talk], Any]
    #: whose limit it counts against, and how much
    bucket: str
    weight: int | Callable[[Request], int] = 1
    private: bool = True

    def weighs(self, request: Request) -> int:
        """Return how much a request counts: at some paths that depends on what is asked for."""
        return self.weight if isinstance(self.weight, int) else self.weight(request)

    @property
    def acts(self) -> bool:
        """Tell whether it changes an account."""
        return self.call in ACTING


def route_of(routes: Mapping[tuple[str, str], Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a path, and what a path that holds values (``order/get/{order_id}``) says of them; None: there is none."""
    exact = routes.get((method, path))
    if exact is not None:
        return exact, {}
    said = path.split("/")
    for (verb, pattern), route in routes.items():
        words = pattern.split("/")
        if verb == method and "{" in pattern and len(words) == len(said):
            pairs = list(zip(words, said, strict=True))
            if all(word == one or (word.startswith("{") and one) for word, one in pairs):
                return route, {word.strip("{}"): one for word, one in pairs if word.startswith("{")}
    return None


ACTING = frozenset({Call.PLACE, Call.CANCEL, Call.TRANSFER, Call.LEVERAGE, Call.MODE})


class Dialect(Protocol):
    """One venue's language; a file each."""

    name: str
    traits: Traits
    #: weight a window by bucket
    limits: Mapping[str, Limit]
    #: by method and path
    routes: Mapping[tuple[str, str], Route]

    def options(self, base: str) -> dict[str, Any]:
        """Return the options of ccxt's constructor that send every host of the venue to ``base``."""
        ...

    def key_of(self, request: Request) -> str:
        """Return the key that a request names; empty where it names none."""
        ...

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is. Raises ``Refusal``: key, signature or time are wrong."""
        ...

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal in the venue's words."""
        ...

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:
        """Return the headers that tell how much of a limit is used."""
        ...
