"""Reading what a person says they hold where it differs: coins, futures positions, money in the futures account."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import UserError
from chatbot.exchanges.base import PERP
from chatbot.i18n import N_
from chatbot.portfolio.amounts.differences import Typed
from handlers.chat import amounts, names, numbers
from handlers.chat.reading import numerals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from handlers.chat.names import Names

#: words of three languages; what a coin is called is known elsewhere
_SHORT = ("short", "corto", "шорт")
_SIDE = rf"(?P<side>long|largo|лонг|{'|'.join(_SHORT)})"
_OF = r"(?:(?:de|in|on|en|my|the|el|la|мой|по|в)\s+){0,2}"
_MARK = r"(?:\s*-\s*perp\b|\s+(?:perps?|perpetual|perpetuo|перп)\b)"
#: what stands beside a side and is no coin
_COIN = r"\b(?!(?:de|of|was|got|is|has|fue|est[áa]|был[аи]?)\b)(?P<coin>\w*[^\W\d_]\w*)"
_CLOSED = r"(?:closed?|liquidat\w+|cerr\w+|cerrad\w+|liquid[oóa]\w*|закры\w+|ликвид\w+)"
_WAS = r"(?:(?:was|is|got|has\s+been|fue|está|был[аи]?)\s+)?"
_NONE = (
    r"(?:no\s+more|no|ya\s+no\s+tengo\s+nada\s+de|no\s+tengo(?:\s+(?:nada\s+de|más))?|sold\s+all(?:\s+of)?|without|sin|nada\s+de"
    r"|ya\s+no\s+(?:tengo|hay)|vend\w+\s+tod\w+(?:\s+(?:el|la|los|mi|mis))?"
    r"|нет|без|прода\w+\s+(?:вс[её]|весь|всю))"
)
_GONE = (
    r"(?:(?:is\s+)?(?:all\s+)?gone|none|nothing|(?:is\s+)?(?:all\s+)?sold|nada|vendid\w+|(?:больше\s+)?нет|(?:вс[её]\s+)?продан\w*|ничего)"
)
#: said around an amount, and no name of anything
_FILLERS = frozenset(
    (
        *("i", "me", "now", "have", "hold", "is", "are", "just", "only", "still", "left", "remaining"),
        *("ahora", "tengo", "solo", "sólo", "es", "queda", "quedan", "теперь", "сейчас", "есть", "только", "осталось"),
    )
)
#: the same in several words
_SAID = re.compile(
    r"(?i)(?<!\w)(?:should (?:now )?be|(?:has |was )?(?:changed|went) to|is now|it['’]s|actually|in fact|make it|change|set"
    r"|correct(?:ion|ed)?:?|deber[ií]a ser|ahora es|en realidad|correcci[oó]n:?|correcto:?|cambia\w*|pasa"
    r"|должно быть|на самом деле|исправ\w+:?|стал[оаи]?)(?!\w)"
)
#: that nothing else is different: what is not named stays as it is anyway
_UNCHANGED = re.compile(
    r"(?i)[,;.]?\s{0,3}(?:(?<!\w)(?:and|y|и|а)\s{1,3})?(?<!\w)(?:(?:(?:all\s+)?the\s+)?rest|(?:everything|all|nothing)\s+else|(?:the\s+)?others"
    r"|(?:todo\s+)?lo\s+dem[áa]s|el\s+resto|(?:вс[её]\s+)?остальн\w+|прочее)\s+"
    r"(?:(?:is|are|stays?|has|sigue|queda|est[áa])\s+)?(?:(?:just\s+)?as\s+(?:it\s+(?:was|is)|before)|(?:un)?changed|(?:the\s+)?same"
    r"|(?:todo\s+)?igual|como\s+(?:estaba|antes)|sin\s+cambios?|(?:вс[её]\s+)?так\s+же|как\s+было|без\s+изменений|не\s+изменил\w+)(?!\w)"
)
#: BTC to 0.6: at the beginning of an item, where it is no price
_TO = re.compile(r"(?im)((?:^|[,;])\s*[^\W\d_]\w*)\s+(?:to|a|до)(?=\s+\d)")

_DIGITS = r"\d(?:[\d.,]*\d)?(?:[kкм]\b)?"
#: thousands may be apart where a number ends what is said
_LAST = rf"(?:\d{{1,3}}(?:\s\d{{3}})+(?:[.,]\d+)?|{_DIGITS})(?![\w%])"
_QTY = rf"(?P<qty>[+-]?{_DIGITS})(?![\w%])"
_AT = rf"(?:\s*@|,\s*entry\b|\s+(?:at|entry|from|a|en|по|от)\b)\s*\$?\s*(?P<entry>{_LAST})"
#: the price at which it was opened: named as such, or alone at the end of a line or of a list's item
_ENTRY = rf"(?:{_AT}|\s+(?P<bare>{_DIGITS})(?=\s*(?:[,;\n]|$)))?"
_IS = r"[\s:=]*"
_POSITIONS = tuple(
    re.compile(f"(?i){pattern}")
    for pattern in (
        rf"{_COIN}{_MARK}{_IS}{_SIDE}?{_IS}{_QTY}{_ENTRY}",
        rf"\b{_SIDE}\s+{_OF}{_COIN}{_MARK}?{_IS}{_QTY}{_ENTRY}",
        rf"{_COIN}{_MARK}?\s+{_SIDE}\b{_IS}{_QTY}{_ENTRY}",
        rf"\b{_SIDE}\s+(?:de\s+)?{_QTY}\s*{_COIN}{_MARK}?(?:{_AT})?",
        rf"(?<![\w.,]){_QTY}\s*{_COIN}{_MARK}?\s+{_SIDE}\b(?:{_AT})?",
    )
)
_ENDS = tuple(
    re.compile(f"(?i){pattern}")
    for pattern in (
        rf"\b{_CLOSED}:?\s+{_OF}{_SIDE}\s+{_OF}{_COIN}{_MARK}?",
        rf"\b{_CLOSED}:?\s+{_OF}{_COIN}(?:{_MARK}|\s+{_SIDE}\b)",
        rf"\b{_SIDE}\s+{_OF}{_COIN}{_MARK}?\s+{_WAS}{_CLOSED}\b",
        rf"{_COIN}(?:{_MARK}|\s+{_SIDE})\s+{_WAS}{_CLOSED}\b",
    )
)
_NOTHING = tuple(re.compile(f"(?i){pattern}") for pattern in (rf"\b{_NONE}\s+(?:my\s+)?{_COIN}", rf"{_COIN}{_IS}\b{_GONE}\b"))
_WALLET = re.compile(
    r"(?i)(?:\busdt\s+)?\b(?:futures?(?:\s+(?:wallet|account|balance|margin|money))?|(?:cartera|cuenta|saldo|margen)\s+(?:de\s+)?futuros"
    rf"|futuros|фьючерсн\w+\s+[^\W\d]+|(?:на\s+)?фьючерс\w*)(?:\s+(?:is|es)\b)?{_IS}\$?\s*(?P<qty>-?{_LAST})(?:\s*(?:usdt\b|usd\b|\$)(?!{_IS}\d))?"
)
_WALLET_BEHIND = re.compile(
    rf"(?i)(?<![\w.,])\$?(?P<qty>-?{_DIGITS})\s*(?:usdt|usdc|usd|\$)?\s+(?:in|en|на)\s+(?:the\s+|my\s+|los\s+)?"
    r"(?:futures?(?:\s+(?:wallet|account))?|futuros|фьючерс\w*)\b"
)
#: by how much an amount has changed, with a sign or in words: what is held now is not known by that
_CHANGE = re.compile(
    r"(?i)(?<![\w.,+-])\+\s*\d[\d.,]*"
    r"|\b(?:bought|added|sold|compr[eéó]\w*|vend[ií]\w*|añad[ií]\w*|докупил\w*|купил\w*|продал\w*)"
    r"\s+(?:otros\s+|another\s+|ещё\s+)?\d[\d.,]*"
    r"|(?<![\w.,])\d[\d.,]*(?:\s*\w+)?\s+(?:more|less|más|mas|menos|больше|меньше)\b(?!\s*[\d.,]*\d)"
    r"|(?:^|[,;\n])[^\S\n]*(?:another|otros|ещё|еще|minus|menos|минус)\s+\d[\d.,]*"
)
_TRADED = r"(?:buy|bought|sell|sold|trade[ds]?|done|execute[ds]?|compr\w+|vend\w+|hic\w+|hecho|купил\w*|продал\w*|сделал\w*|сделано|готово)"
#: which orders were done, in words: how much is held now is not known by that
_WHICH_ORDERS = re.compile(
    r"(?i)(?<!\w)(?:everything|all|todo|tod[oa]s|вс[её])\s+(?:except|but|apart\s+from|menos|excepto|salvo|кроме)(?:\s+for)?\s+\w+"
    rf"|(?<!\w)(?:did(?:n['’]t|\s+not)|have(?:n['’]t|\s+not)|not|no|не)\s+{_TRADED}(?!\w)(?:\s+[^\W\d_]\w*)?"
    rf"|(?<!\w)[^\W\d_]\w*\s+(?:not|no|не)\s+{_TRADED}(?!\w)"
    rf"|(?<!\w)(?:only|just|s[oó]lo|solamente|только)\s+(?:{_TRADED}(?!\w)|the\s+first|l[ao]s\s+primer\w+|первы\w+)(?:\s+[^\W\d_]\w*)?(?!\s*\d)"
    r"|(?<!\w)(?:half|partly|partially|a\s+medias|medio|наполовину|частично)\s+(?:done|hecho|сделано|готово)(?!\w)"
)
#: what there was before what is there now: 0.5 → 0.6
_BEFORE = re.compile(
    rf"(?i)(?<![\w.,]){_DIGITS}\s*(?:→|->|=>)\s*(?=[\d.,]*\d)"
    rf"|\b(?:from|de|desde|с|из)\s+{_DIGITS}\s+(?:to|a|hasta|до)\s+(?=[\d.,]*\d)"
    rf"|(?:[,;]\s{{0,3}})?\b(?:instead\s+of|(?:and\s+)?not|rather\s+than|en\s+vez\s+de|en\s+lugar\s+de|y\s+no|вместо|а\s+не)\s+{_DIGITS}(?!\w)"
    rf"|\b(?:was|had|era|eran|ten[ií]a|был[оаи]?)\s+{_DIGITS}[,;]?\s+(?=\D{{0,12}}\d)"
)


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    names: Names
    contracts: Collection[str]
    positions: dict[str, tuple[Decimal, Decimal | None]] = field(default_factory=dict)
    wallet: Decimal | None = None
    problems: list[UserError] = field(default_factory=list)


def corrections(text: str, instruments: Collection[str], quote: str, decimal: str) -> tuple[Typed, tuple[UserError, ...]]:
    """Read ``BTC 0.6``, ``no SOL``, ``long BTC 0.05 at 61,000``, ``closed ETH short`` or ``futures 2,500``, several in one text.

    An entry price that is not named is left to whoever knows the prices. All problems of the text are returned together.
    """
    plain = _UNCHANGED.sub("", unicodedata.normalize("NFKC", text).replace("\u2212", "-"))
    found = _Reading(names.of_coins(instruments), instruments)
    if change := _CHANGE.search(plain):
        told = N_("“{text}” says by how much it changed. Write how much you hold now: BTC 0.6.")
        return Typed(), (UserError(told, text=numbers.shown(change[0])),)
    if which := _WHICH_ORDERS.search(plain):
        told = N_("“{text}” says which orders were done. Write how much you hold now: BTC 0.6, or SOL 0 if there is none.")
        return Typed(), (UserError(told, text=numbers.shown(which[0])),)
    plain = _TO.sub(r"\1", _SAID.sub(" ", _BEFORE.sub(" ", numerals.in_digits(plain, found.names))))
    for pattern in _ENDS:
        plain = pattern.sub(lambda match: _take(match, found, Decimal(0)), plain)
    for pattern in _POSITIONS:
        plain = pattern.sub(lambda match: _read(match, found, lambda: numbers.number(match["qty"], decimal)), plain)
    for pattern in (_WALLET_BEHIND, _WALLET):
        plain = pattern.sub(lambda match: _wallet(match, found), plain)
    for pattern in _NOTHING:
        plain = pattern.sub(lambda match: f" {name} 0 " if (name := found.names.find(match["coin"])) else match[0], plain)
    plain = numbers.trimmed(_without_fillers(plain, found.names), " ,;\n")
    if not plain and (found.positions or found.wallet is not None or found.problems):
        return Typed(futures_wallet=found.wallet, positions=found.positions), tuple(found.problems)
    coins = amounts.understood(plain, instruments, quote, decimal).sure()
    return Typed(spot=coins.holdings, futures_wallet=found.wallet, positions=found.positions), (*found.problems, *coins.problems)


def _without_fillers(text: str, known: Names) -> str:
    return re.sub(r"\w+", lambda match: " " if match[0].casefold() in _FILLERS and known.find(match[0]) is None else match[0], text)


def _read(match: re.Match[str], found: _Reading, qty: Callable[[], Decimal]) -> str:
    """Take a position out of a text, with its size and perhaps its entry price."""
    said = match.groupdict()
    price = said.get("entry") or said.get("bare")
    try:
        return _take(match, found, qty(), numbers.number(price) if price else None)
    except UserError as problem:
        found.problems.append(problem)
        return " "


def _take(match: re.Match[str], found: _Reading, qty: Decimal, entry: Decimal | None = None) -> str:
    said, side = match["coin"], (match.groupdict().get("side") or "").casefold()
    coin = found.names.find(said) or said.upper()
    contract = f"{coin}{PERP}"
    if contract not in found.contracts:
        found.problems.append(UserError(N_("There are no {name} futures at this exchange."), name=numbers.shown(coin)))
    elif contract in found.positions:
        found.problems.append(UserError(N_("{name} is listed twice."), name=contract))
    elif entry is not None and entry <= 0:
        found.problems.append(UserError(N_("The entry price of {name} must be above 0."), name=contract))
    elif side and qty < 0:
        found.problems.append(UserError(N_("{name}: write long or short, or a plus or minus sign, not both."), name=contract))
    else:
        found.positions[contract] = (-qty if side in _SHORT else qty, entry)
    return " , "


def _wallet(match: re.Match[str], found: _Reading) -> str:
    """Take the money in the futures account out of a text."""
    try:
        found.wallet = numbers.number(re.sub(r"\s", "", match["qty"]))
    except UserError as problem:
        found.problems.append(problem)
    if found.wallet is not None and found.wallet < 0:
        found.problems.append(UserError(N_("{name} is negative; only 0 or more makes sense."), name="FUTURES"))
    return " , "
