"""Names that a person may mean: those of the exchange's list, however they are written, and the nearest of them to a slip."""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING

from chatbot.engine.cash import DOLLARS
from chatbot.exchanges.base import is_perp
from chatbot.model import ALT, CORE, FUTURES, STABLE
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: what may be the name of something where no list tells
_ANY = re.compile(r"(?=.*[^\W\d_])\w{1,20}")
#: letters of other alphabets that look like Latin ones: a Russian keyboard writes ВТС
_ALIKE = str.maketrans("АВСЕНКМОРТХУІЅЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXYISJABEZHIKMNOPTYX")
#: what people call coins and cash instead of their tickers
_CALLED = {
    "BTC": "bitcoin bitcoins bitcóin bitcoines xbt бтк бтц бтс биток битка битки битков битку битком битке битках",
    "ETH": "ethereum ether ethers éter eter éteres eteres etherium etherum etereum etéreo етх",
    "SOL": "solana",
    "XRP": "ripple",
    "ADA": "cardano",
    "DOGE": "dogecoin dogecoins доги доге",
    "LTC": "litecoin litecoins лтц",
    "DOT": "polkadot",
    "LINK": "chainlink",
    "AVAX": "avalanche",
    "TRX": "tron трон",
    "TON": "toncoin тон тонкоин",
    "XMR": "monero",
    "SHIB": "shiba",
    "UNI": "uniswap",
    "ATOM": "cosmos",
    "USDT": "tether tethers tetherus юсдт усдт юздт",
    "USD": "dollar dollars bucks dólar dólares dolar dolares pavos us$ юсд дол уе у.е зелёных зеленых зелени",
    "EUR": "euro euros",
    "CASH": "efectivo money dinero наличные наличных наличными наличка налички кэш кэша кэше кеш кеша кеше деньги денег деньгах",
}
#: the same in Russian, in any case: by how they begin
_BEGINS = {
    "BTC": ("биткоин", "биткойн"),
    "ETH": ("эфир",),
    "SOL": ("солан",),
    "XRP": ("рипл", "риппл"),
    "ADA": ("кардано",),
    "DOGE": ("додж", "догикоин", "догекоин"),
    "LTC": ("лайткоин", "лайткойн"),
    "DOT": ("полкадот",),
    "USDT": ("тезер", "тетер"),
    "SHIB": ("шиб",),
    "USD": ("долл", "бакс"),
    "EUR": ("евро",),
}
#: what is called in two words, of which one alone is called something else; "coin" behind a name says nothing
_IN_TWO_WORDS = tuple(
    (re.compile(rf"(?i)(?<!\w)(?:{said})(?!\w)"), name)
    for said, name in (
        (r"bitcoin cash|битко[ий]н кэш", "BCH"),
        (r"ethereum classic|ether classic|эфир(?:иум)? классик", "ETC"),
        (r"usd coin", "USDC"),
        (r"shiba inu|шиба ину", "SHIB"),
        (r"binance coin", "BNB"),
    )
)
#: letters of what is a ticker at most: a longer name may stand in the plural, solanas
_TICKER = 4
#: what is money and no coin
MONEY = DOLLARS | {"CASH", "EUR"}
#: what people call the lines of a strategy
_LINES_CALLED = {
    ALT: "alts altcoin altcoins альты альта альтов альтах альткоины альткоинов альткоинах",
    CORE: "btc/eth",
    STABLE: "stables stablecoin stablecoins estable estables стейбл стейблы стейблов стейблах стейблкоины стейблкоинов стейблкоинах",
    FUTURES: "future futuros фьючерсы фьючерсов фьючерсах фьючи",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What may be named here."""

    #: by what it is called in small letters
    known: Mapping[str, str] = field(default_factory=dict)
    #: no list tells: every word may be a name
    any: bool = False

    def find(self, word: str) -> str | None:
        """Return what a word names; None where it names nothing that is known."""
        bare = word.lstrip("$#").rstrip("%")
        if self.any:
            return bare.upper() if _ANY.fullmatch(bare) else None
        said, alike = bare.casefold(), bare.upper().translate(_ALIKE).casefold()
        name = self.known.get(said) or (self.known.get(alike) if alike.isascii() else None)
        begun = next((one for one, begins in _BEGINS.items() if said.startswith(begins)), "")
        return name or self.known.get(begun.casefold())

    def also(self, more: Mapping[str, str]) -> Names:
        """Return these names and others, by what they are called."""
        return Names({**self.known, **{said.casefold(): name for said, name in more.items()}}, self.any)


#: what is called so, listed or not
_EVERYWHERE = {said: name for name, sayings in _CALLED.items() for said in sayings.split()}


def unlisted(word: str) -> str:
    """Return the name for a word that names nothing on the list: of what is called so elsewhere, else the word itself in capitals."""
    said = word.casefold()
    begun = (name for name, begins in _BEGINS.items() if said.startswith(begins))
    return _EVERYWHERE.get(said) or next(begun, word.upper())


#: every word may be a name
ANY = Names(any=True)


def in_one_word(text: str) -> str:
    """Return a text in which what is called in two words has its short name: bitcoin cash is no bitcoin, and USD coin no dollar."""
    for said, name in _IN_TWO_WORDS:
        text = said.sub(name, text)
    return text


def of_coins(instruments: Collection[str]) -> Names:
    """Return the names of the coins that an exchange lists, and of dollars."""
    return _of(frozenset(name for name in instruments if not is_perp(name)))


@lru_cache(maxsize=4)
def _of(coins: frozenset[str]) -> Names:
    listed = {name.casefold(): name for name in sorted(coins | DOLLARS | {"CASH"})}
    called = {said: name for name, sayings in _CALLED.items() if name.casefold() in listed for said in sayings.split()}
    plural = {f"{said}s": name for said, name in called.items() if said.isascii() and said.isalpha() and len(said) > _TICKER}
    return Names({**plural, **called, **listed})


def of_lines(instruments: Collection[str], called: Mapping[str, str]) -> Names:
    """Return what may have a weight or a band: coins and lines; ``called`` has more names of lines, the person's own words for them."""
    lines = {said: line for line, sayings in _LINES_CALLED.items() for said in (line, *sayings.split())}
    return of_coins(instruments).also({**lines, **called})
