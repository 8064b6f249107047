"""Holdings as people write them, in three languages: each with what it is read as, or with the sentence that it is answered with."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.portfolio import strategies
from handlers.chat import names, parsing
from handlers.chat.amounts import understood
from tests.handlers.chat.speakers import OPERATORS, asked_for_holdings, speakers
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

    from handlers.loopback import Message
    from tests.person import Someone

LISTED = (
    *("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "SHIB", "LTC", "LINK", "TON", "NOT", "EUR", "USDC", "BTC-PERP", "ETH-PERP"),
    *("S", "A", "1INCH", "1000SATS", "BROCCOLI714", "币安人生"),
)
NAMES = names.of_coins(LISTED)
BOTH = "BTC 0.5 ETH 4"

#: what is read: names and amounts; behind a bar what else it may be
READ = [
    # either order, any list
    ("en", "BTC 0.5, ETH 4", BOTH),
    ("en", "0.5 BTC, 4 ETH", BOTH),
    ("en", "BTC 0.5 ETH 4", BOTH),
    ("en", "0.5 btc 4 eth", BOTH),
    ("en", "BTC 0.5, 4 ETH", BOTH),
    ("en", "BTC=0.5;ETH=4", BOTH),
    ("en", "BTC: 0.5 | ETH: 4", BOTH),
    ("en", "BTC - 0.5\nETH — 4", BOTH),
    ("en", "BTC -> 0.5\nETH → 4", BOTH),
    ("en", "0.5BTC 4ETH", BOTH),
    ("en", "BTC0.5,ETH4", BOTH),
    ("en", "BTC-0.5 ETH-4", BOTH),
    ("en", "BTC(0.5), ETH(4)", BOTH),
    ("en", "0.5 x BTC, 4×ETH", BOTH),
    ("en", "BTC (0.5) ETH (4)", BOTH),
    ("en", "(BTC 0.5) (ETH 4)", BOTH),
    ("en", "(1) BTC 0.5\n(2) ETH 4", BOTH),
    ("en", "0.5 BTC + 4 ETH", BOTH),
    ("en", "0.5 BTC / 4 ETH", BOTH),
    ("en", "BTC 0.5. ETH 4.", BOTH),
    ("en", "I have 0.5 BTC and 4 ETH!", BOTH),
    ("en", "BTC: 0.5 BTC\nETH: 4 ETH", BOTH),
    ("es", "Tengo 0,5 BTC y 4 ETH", BOTH),
    ("es", "BTC 0,5; ETH 4", BOTH),
    ("ru", "у меня 0,5 BTC и ещё 4 ETH", BOTH),
    ("ru", "BTC 0,5, ETH 4", BOTH),
    ("ru", "BTC — 0,5\nETH — 4", BOTH),
    # bullets, numbering, tables, what was copied
    ("en", "• 0.5 BTC\n• 4 ETH", BOTH),
    ("en", "- BTC: 0.5\n- ETH: 4", BOTH),
    ("en", "-BTC 0.5\n-ETH 4", BOTH),
    ("en", "* 0.5 BTC\n* 4 ETH", BOTH),
    ("en", "1) 0.5 BTC\n2) 4 ETH", BOTH),
    ("en", "1. BTC 0.5\n2. ETH 4", BOTH),
    ("en", "1. 0.5 BTC\n2. 4 ETH", BOTH),
    ("en", "1) BTC 0.5 2) ETH 4", BOTH),
    ("en", "🔹 0.5 BTC\n✅ ETH 4", BOTH),
    ("en", "BTC\t0.5\nETH\t4", BOTH),
    ("en", "BTC\n0.5\nETH\n4", BOTH),
    ("en", "BTC\nBitcoin\n0.5\nETH\nEthereum\n4", BOTH),
    ("en", "coin,amount\nBTC,0.5\nETH,4", BOTH),
    ("en", '{"BTC": 0.5, "ETH": 4}', BOTH),
    ("en", "My coins:\nBTC 0.5\nETH 4\n\nIs this right? If not, just send it again.", BOTH),
    ("en", "MANUAL · your holdings\n• 0.5 BTC ≈ $30,000\n• 4 ETH ≈ —\nTogether ≈ $42,000", BOTH),
    ("en", "MANUAL · made-up prices · your holdings\n• 0.5 BTC ≈ $30,000\n• 4 ETH ≈ —\nTogether ≈ $42,000", BOTH),
    ("es", "• 0,5 BTC ≈ 30.000 US$\n• 4 ETH ≈ 12.000,00 US$\nEn total ≈ 42.000 US$", BOTH),
    ("ru", "• 0,5 BTC ≈ 30 000 $\n• 4 ETH ≈ 12 000,00 $\nВместе ≈ 42 000 $", BOTH),
    ("en", "BTC 0.5 ($30,000), ETH 4 ($12,000)", BOTH),
    ("en", "ＢＴＣ　０.５ ＥＴＨ　４", BOTH),
    ("en", "a) BTC 0.5\nb) ETH 4", BOTH),
    ("en", "|coin|amount|\n|---|---|\n|BTC|0.5|\n|ETH|4|", BOTH),
    ("en", "*BTC* 0.5\n__ETH__ 4", BOTH),
    ("en", "BTC=0.5&ETH=4", BOTH),
    ("en", "BTC...0.5\nETH......4", BOTH),
    ("en", "0.5BTC/4ETH", BOTH),
    ("en", "Bitcoin (BTC): 0.5, Ethereum (ETH) 4", BOTH),
    ("en", "0.5 BTC coins, 4 ETH tokens", BOTH),
    ("es", "mis monedas son 0,5 BTC y 4 ETH", BOTH),
    ("ru", "0,5 биткойна и 4 эфириума", BOTH),
    # numbers
    ("en", "BTC .5 ETH 4", BOTH),
    ("en", ".5 BTC & 4 ETH", BOTH),
    ("en", "½ BTC & 4 ETH", BOTH),
    ("en", "0.5 BTC = 30000 USDT, 4 ETH = $12k", BOTH),
    ("es", "BTC 0,5 = 30.000 dólares\n4 ETH", BOTH),
    ("en", "BTC=0.5; USDT=500", "BTC 0.5 USDT 500"),
    ("en", "① BTC 0.5 ② ETH 4", BOTH),
    ("es", "1.- BTC 0,5\n2.- ETH 4", BOTH),
    ("es", "1º BTC 0,5\n2º ETH 4", BOTH),
    ("en", "US$ 500 and 0.5 BTC", "USDT 500 BTC 0.5"),
    ("es", "500 €, 0,5 BTC", "EUR 500 BTC 0.5"),
    ("en", "10 k usdt, 5 k doge", "USDT 10000 DOGE 5000"),
    ("es", "2 mil 500 usdt, 3 mil doscientos doge", "USDT 2500 DOGE 3200"),
    ("es", "mil dólares en usdt", "USDT 1000"),
    ("es", "USDT 2 mil 500 SOL", "USDT 2000 SOL 500"),
    ("en", "0.5 BTC and $500 and 4 ETH", "BTC 0.5 USDT 500 ETH 4"),
    ("ru", "2500$ и 0,5 BTC", "USDT 2500 BTC 0.5"),
    ("en", "100 USD Coin", "USDC 100"),
    ("ru", "0,5 битков, 4 эфира", BOTH),
    ("es", "BTC ,5 ETH 4", BOTH),
    ("en", "BTC ٠٫٥ ETH ٤", BOTH),
    ("en", "BTC ~0.5 ETH ≈4", BOTH),
    ("en", "SHIB 1 234 567", "SHIB 1234567"),
    ("en", "1,234,567.5 SHIB", "SHIB 1234567.5"),
    ("es", "1.234.567,5 SHIB", "SHIB 1234567.5"),
    ("en", "SHIB 1'234.5", "SHIB 1234.5"),
    ("en", "SHIB 1’234.5", "SHIB 1234.5"),
    ("en", "10k DOGE, 1.5M SHIB", "DOGE 10000 SHIB 1500000"),
    ("es", "10 mil DOGE y 2 millones de SHIB", "DOGE 10000 SHIB 2000000"),
    ("ru", "10 тыс. DOGE, 2 млн SHIB", "DOGE 10000 SHIB 2000000"),
    # small numbers in words, parts of one, about so many
    ("en", "half a bitcoin", "BTC 0.5"),
    ("en", "half a btc and two eth", "BTC 0.5 ETH 2"),
    ("en", "a quarter of a btc", "BTC 0.25"),
    ("en", "one bitcoin, four ether", "BTC 1 ETH 4"),
    ("en", "½ BTC, 1½ ETH", "BTC 0.5 ETH 1.5"),
    ("en", "1/2 BTC", "BTC 0.5"),
    ("en", "BTC 1 1/2", "BTC 1.5"),
    ("en", "I've got about 0.5 BTC, roughly 4 ETH", BOTH),
    ("es", "medio btc y cuatro eth", BOTH),
    ("es", "1 bitcoin y medio", "BTC 1.5"),
    ("es", "diez mil usdt", "USDT 10000"),
    ("es", "un millón de shib", "SHIB 1000000"),
    ("es", "unos 0,5 btc, aprox. 4 eth", BOTH),
    ("es", "0,5 btc y 2 eth", "BTC 0.5 ETH 2"),
    ("ru", "пол биткоина", "BTC 0.5"),
    ("ru", "полбиткоина и четыре эфира", BOTH),
    ("ru", "полтора эфира", "ETH 1.5"),
    ("ru", "один биток, два эфира", "BTC 1 ETH 2"),
    ("ru", "полмиллиона шиба", "SHIB 500000"),
    ("ru", "около 0,5 BTC, примерно 4 ETH", BOTH),
    ("ru", "BTC 0,5 шт., ETH 4 шт.", BOTH),
    # larger ones, slang, and a word that is a number elsewhere
    ("en", "a thousand usdt", "USDT 1000"),
    ("en", "twenty thousand usdt and twelve eth", "USDT 20000 ETH 12"),
    ("en", "two hundred and fifty sol", "SOL 250"),
    ("en", "twenty-five sol, two and a half eth", "SOL 25 ETH 2.5"),
    ("en", "I own half a bitcoin plus 3 ether and a thousand dollars", "BTC 0.5 ETH 3 USDT 1000"),
    ("en", "10 grand usdt", "USDT 10000"),
    ("en", "BTC forty ETH 60", "BTC 40 ETH 60"),
    ("en", "zero btc, 3 eth", "BTC 0 ETH 3"),
    ("en", "only 0.5 btc", "BTC 0.5"),
    ("en", "0.5 BTC; 3 ETH; nothing else", "BTC 0.5 ETH 3"),
    ("en", "My portfolio: 0.5 BTC", "BTC 0.5"),
    ("en", "my bag: 0.5 btc, 3 eth", "BTC 0.5 ETH 3"),
    ("es", "mil usdt", "USDT 1000"),
    ("es", "dos mil quinientos usdt", "USDT 2500"),
    ("es", "tengo medio btc, tres eth y quinientos usdt", "BTC 0.5 ETH 3 USDT 500"),
    ("es", "treinta y cinco sol, un btc y medio", "SOL 35 BTC 1.5"),
    ("es", "millón y medio de shib", "SHIB 1500000"),
    ("es", "once eth", "ETH 11"),
    ("es", "solo 0,5 btc, nada más", "BTC 0.5"),
    ("es", "cartera: 0,5 BTC", "BTC 0.5"),
    ("es", "1000 pavos", "USDT 1000"),
    ("ru", "тысяча долларов", "USDT 1000"),
    ("ru", "двести пятьдесят sol", "SOL 250"),
    ("ru", "сто двадцать три тысячи usdt", "USDT 123000"),
    ("ru", "три с половиной эфира", "ETH 3.5"),
    ("ru", "10 штук баксов", "USDT 10000"),
    ("ru", "2 ляма шиба, 10 тыщ доге", "SHIB 2000000 DOGE 10000"),
    ("ru", "Спот: 0,5 BTC, больше ничего", "BTC 0.5"),
    ("ru", "BTC сорок", "BTC 40"),
    # where it lies, and being polite
    ("en", "BTC 0.5 on Binance, ETH 4 on Ledger please", BOTH),
    ("es", "mi 0,5 BTC en Kraken y 4 ETH, por favor", BOTH),
    ("ru", "мои 0,5 BTC на Bybit, 4 ETH, пожалуйста", BOTH),
    # columns, other ends of lines, narrow spaces, digits on keys, pluses, totals
    ("en", "BTC\t0.5\r\nETH\t4\r\n", BOTH),
    ("en", "BTC 0.5\rETH 4", BOTH),
    ("en", "SHIB 1\u2009234\u2009567", "SHIB 1234567"),
    ("en", "BTC 0.5\xa0ETH\xa04", BOTH),
    ("en", "1\ufe0f\u20e3 BTC 0.5\n2\ufe0f\u20e3 ETH 4", BOTH),
    ("en", "BTC 0.5✅ETH 4", BOTH),
    ("en", "0.5BTC+4ETH", BOTH),
    ("en", "Total: $42,000\nBTC 0.5\nETH 4", BOTH),
    ("ru", "BTC 0,5\nETH 4\nИтого: 42 000 $", BOTH),
    ("en", "0.5 BTC, 4 etherium", BOTH),
    ("es", "0,5 bitcoins; 4 ethers", BOTH),
    ("ru", "доге 500, 3 лтц, 500 долл.", "DOGE 500 LTC 3 USDT 500"),
    # cash and its signs
    ("en", "0.5 BTC, $2,500", "BTC 0.5 USDT 2500"),
    ("en", "0.5 BTC\n4 ETH\n$2500", "BTC 0.5 ETH 4 USDT 2500"),
    ("en", "USDT $2,500", "USDT 2500"),
    ("en", "2500 dollars", "USDT 2500"),
    ("es", "2.500 dólares", "USDT 2500"),
    ("ru", "2500 долларов", "USDT 2500"),
    ("en", "USDT 1.5k, USDC 500", "USDT 1500 USDC 500"),
    ("en", "€500", "EUR 500"),
    ("es", "500 euros", "EUR 500"),
    ("en", "₿0.5 Ξ4", BOTH),
    # names
    ("en", "S 40, 100 BROCCOLI714, 1000SATS 5, 20 1INCH", "S 40 BROCCOLI714 100 1000SATS 5 1INCH 20"),
    ("en", "5 1000SATS 40 S", "1000SATS 5 S 40"),
    ("en", "s 40 a 5", "S 40 A 5"),
    ("en", "$BTC 0.5 $ETH 4", BOTH),
    ("en", "#btc 0.5 #eth 4", BOTH),
    ("en", "0.5 bitcoin, 4 ether", BOTH),
    ("ru", "0,5 биткоина, 4 эфира", BOTH),
    ("ru", "ВТС 0,5 ЕТН 4", BOTH),
    ("en", "币安人生 100", "币安人生 100"),
    # one mark and three digits: the rest of the message tells, else it is asked
    ("es", "ETH 1.234", "ETH 1234 | ETH 1.234"),
    ("es", "ETH 1,234", "ETH 1.234 | ETH 1234"),
    ("ru", "1,234 ETH", "ETH 1.234 | ETH 1234"),
    ("en", "ETH 1,234", "ETH 1234 | ETH 1.234"),
    ("en", "ETH 1.234", "ETH 1.234"),
    ("es", "BTC 0.5, ETH 1.234", "BTC 0.5 ETH 1.234"),
    ("en", "BTC 0,5; ETH 1,234", "BTC 0.5 ETH 1.234"),
    ("es", "BTC 0,5; ETH 1.234", "BTC 0.5 ETH 1234"),
    ("es", "ETH 1.234, USDT 2.500", "ETH 1234 USDT 2500 | ETH 1.234 USDT 2500"),
    ("en", "USDT 2,500", "USDT 2500"),
    ("es", "USDT 2,500", "USDT 2500"),
    ("ru", "USDT 2.500", "USDT 2500"),
]

#: what is refused, with what is said about it
REFUSED = [
    ("en", "BTC $500", "“$500” is not an amount of coins. Write how many coins it is, like 0.5."),
    ("en", "$500 BTC", "“$500” is not an amount of coins"),
    ("en", "BTC 500 USD", "“500 USD” is not an amount of coins"),
    ("es", "BTC 500 dólares", "“500 USD” is not an amount of coins"),
    ("es", "BTC 500€", "“500€” is not an amount of coins"),
    ("ru", "BTC 500 ₽", "“500₽” is not an amount of coins"),
    ("en", "10k in BTC", "“10k in BTC” could be dollars or a number of coins. Write how many coins it is, like 0.5 BTC."),
    ("en", "1 BTC.2 ETH", "“1 BTC.2 ETH” may end one amount or begin a fraction."),
    ("es", "5000 en btc", "“5000 en btc” could be dollars or a number of coins."),
    ("ru", "5000 в битке", "“5000 в битке” could be dollars or a number of coins."),
    ("en", "0.5 bitcoin cash", "BCH has no price at this exchange."),
    ("en", "10 ethereum classic", "ETC has no price at this exchange."),
    ("en", "BTC 50%", "“50%” is not an amount of coins"),
    ("es", "50 por ciento BTC", "“50%” is not an amount of coins"),
    ("en", "USDT 50%", "“50%” is a share. Write an amount of money, like 2500."),
    ("en", "USDT 500€", "“500€” is not in dollars"),
    ("en", "BTC | 0.5 | $30,000", "“$30,000” stands next to an amount. Leave it out if that is only its value"),
    ("en", "BTC\nBitcoin\n0.5\n$30,000", "“$30,000” stands next to an amount"),
    ("en", "BTC 0.5 $2500", "“$2500” stands next to an amount"),
    ("en", "1 BTC 0.5\n2 ETH 4", "There is no name next to “0.5”."),
    ("en", "BTC 0.5 0.6", "There is no name next to “0.6”."),
    ("en", "0.5", "There is no name next to “0.5”."),
    ("en", "BTC 0.5 ETH", "There is no number after ETH."),
    ("en", "BTC, ETH 4", "There is no number after BTC."),
    ("en", "hello", "I don't understand “hello” here."),
    ("en", "BTC plenty ETH 60", "I don't understand “plenty” here."),
    ("en", "Watchlist: 0.5 BTC", "I don't understand “Watchlist” here."),
    ("en", "sold: 0.5 BTC", "I don't understand “sold” here."),
    ("en", "long 0.5 BTC", "I don't understand “long” here."),
    ("ru", "Хочу: 0.5 BTC", "I don't understand “Хочу” here."),
    ("ru", "BTC много", "I don't understand “много” here."),
    ("es", "50 por ciento de BTC", "“50%” is not an amount of coins"),
    ("en", "all in USDT", "I don't understand “all” here."),
    ("en", "BTC 0.5 BTC 0.3", "BTC is listed twice."),
    ("en", "BTC 0.5, bitcoin 0.3", "BTC is listed twice."),
    ("en", "BTC -0.5", "BTC is negative; only 0 or more makes sense."),
    ("en", "BTC −0.5", "BTC is negative"),
    ("en", "BTC 1e-3", "“1e-3” is not a number."),
    ("en", "BTC 1,2,3", "“1,2,3” is not a number."),
    # a span, a table with more columns than are meant, dates, letters for digits
    ("en", "0.5 to 0.6 BTC", "“0.5 to 0.6” is a range. Write one number."),
    ("en", "between 0.4 and 0.6 BTC", "“between 0.4 and 0.6” is a range."),
    ("es", "de 0,4 a 0,6 btc", "“de 0,4 a 0,6” is a range."),
    ("es", "entre 0,4 y 0,6 btc", "“entre 0,4 y 0,6” is a range."),
    ("ru", "от 0,4 до 0,6 BTC", "“от 0,4 до 0,6” is a range."),
    ("en", "BTC 0.4-0.6", "“0.4-0.6” is not a number."),
    ("en", "ETH\t4\t5", "There is no name next to “5”."),
    ("en", "ETH\t4\t500", "There is no name next to “500”."),
    ("en", "BTC\t0.5\t0.1", "There is no name next to “0.1”."),
    ("en", "BTC\t0.5\t$30,000.00", "“$30,000.00” stands next to an amount."),
    ("en", "2024-01-05\tBTC\t0.5", "“2024-01-05” is not a number."),
    ("en", "BTC 0.5 bought 2024-01-05", "“2024-01-05” is not a number."),
    ("en", "0.5 BTC since 2021", "I don't understand “since” here."),
    ("en", "BTC 1O", "“1O” is not a number."),
    ("en", "BTC ⅓", "is not a number."),
    ("en", "500 quid", "QUID has no price at this exchange."),
    ("en", "ETH2 3", "There is no name next to “3”."),
    ("en", "0.5 BTC 4 ETH 2500", "There is no name next to “2500”."),
    ("es", "0'5 btc", "“0'5” is not a number."),
    ("ru", "500 р", "“500 р” is not in dollars."),
    ("en", "BTC 99999999999999999999", "is too large."),
    ("en", "BTC 0 ETH 0", "All amounts are 0"),
    ("en", "", "There is nothing to read."),
    ("en", "FOO 5", "FOO has no price at this exchange."),
    ("en", "BRC 0.5", "BRC has no price at this exchange. Did you mean BTC?"),
    ("en", "BTC/USDT 0.5", "BTC/USDT has no price at this exchange. Did you mean BTC?"),
    ("en", "0.5 BTCUSDT", "BTCUSDT has no price at this exchange. Did you mean BTC?"),
    ("en", "BTC-PERP 1", "BTC-PERP has no price at this exchange. Did you mean BTC?"),
    ("en", "1000STAS 5", "1000STAS has no price at this exchange. Did you mean 1000SATS?"),
    ("en", "BROCCOLI 5", "BROCCOLI has no price at this exchange. Did you mean BROCCOLI714?"),
    ("en", "btcs 2", "BTCS has no price at this exchange. Did you mean BTC?"),
    ("en", '<b>&" 5', "is not the name of a coin."),
    ("en", " ".join(f"C{n} 1" for n in range(30)), "at most 20 names"),
]


def decimal(language: str) -> str:
    """Return the decimal sign of a language."""
    return "." if language == "en" else ","


def amounts(text: str) -> dict[str, Decimal]:
    """Read ``BTC 0.5 ETH 4`` as it stands."""
    words = text.split()
    return {name: Decimal(qty) for name, qty in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize(("language", "typed", "meant"), READ)
def test_holdings_are_read_as_they_were_meant(language: str, typed: str, meant: str) -> None:
    """Whatever the order, the list, the marks and the language; what reads two ways has both."""
    parsed = parsing.holdings(typed, decimal(language), NAMES)
    assert parsed.problems == ()
    first, _, other = meant.partition(" | ")
    cash = {"USDC"} & parsed.values.keys()  # kept apart where it was named
    read = {("USDT" if name == "USD" else name): qty for name, qty in parsed.values.items()}
    assert read == amounts(first), cash
    assert parsed.otherwise == amounts(other)


@pytest.mark.parametrize(("language", "typed", "told"), REFUSED)
def test_what_can_not_be_read_is_answered_with_what_to_write(language: str, typed: str, told: str) -> None:
    """Nothing is guessed and no sign is lost; a name that is not listed is told with the nearest that are."""
    read = understood(typed, LISTED, "USDT", decimal(language))
    problems = read.problems or strategies.nothing_held(read.holdings)
    assert any(told in str(problem) for problem in problems), [str(problem) for problem in problems]


CHAT = [
    ("en", "0.5 BTC, 4 ETH", ("• 0.5 BTC ≈ $", "• 4 ETH ≈ $", "Together ≈ $", "Is this right?")),
    ("en", "• 0.5 BTC\n• $2,500", ("• 0.5 BTC ≈", "• 2,500 USDT ≈ $2,500", "Is this right?")),
    ("en", "BTC $500", ("“$500” is not an amount of coins",)),
    ("en", "BTCUSDT 0.5", ("Did you mean BTC?",)),
    ("en", "half a bitcoin and 10k usdt", ("• 0.5 BTC ≈", "• 10,000 USDT ≈")),
    ("en", "ETH\t4\t5", ("There is no name next to “5”.",)),
    ("en", "bitcon 0.5", ("Did you mean BTC?",)),
    ("en", "dogcoin 500", ("Did you mean DOGE?",)),
    ("es", "de 0,4 a 0,6 BTC", ("«de 0,4 a 0,6» es un intervalo. Escribe un solo número.",)),
    ("es", "medio bitcoin y 2 eth", ("• 0,5 BTC ≈", "• 2 ETH ≈")),
    ("ru", "пол биткоина", ("• 0,5 BTC ≈",)),
    ("es", "Tengo 0,5 bitcoin y 4 ether", ("• 0,5 BTC ≈", "• 4 ETH ≈", "¿")),
    ("es", "BTC 500€", ("«500€» no es una cantidad de monedas. Escribe cuántas monedas son, como 0,5.",)),
    ("ru", "у меня 0,5 биткоина и 2500 долларов", ("• 0,5 BTC ≈", "• 2 500 USDT ≈")),
    ("ru", "BTC 50%", ("«50%» — не количество монет.",)),
]


@pytest.mark.long
async def test_holdings_are_shown_with_their_value_before_anything_is_done(tmp_path: Path) -> None:
    """In the chat, in three languages; and what the bot wrote can be sent back to it."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = {language: await asked_for_holdings(one) for language, one in speakers(ann).items()}
        for language, typed, told in CHAT:
            one = people[language]
            answer = (await one.say(typed)).replace("\xa0", " ")
            assert all(part in answer for part in told), answer
            if "≈" in told[0]:
                assert (await one.say(answer)).replace("\xa0", " ") == answer, "its own words sent back"


async def test_an_amount_that_reads_two_ways_is_asked_about_with_both_values(tmp_path: Path) -> None:
    """Spanish ETH 1.234 is 1,234 ETH or 1.234 ETH: each with its value, a button for each, and the tapped one is what is held."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        one = await asked_for_holdings(speakers(ann)["es"])
        await one.say("ETH 1.234, USDT 2.500")
        old = one.sees("• 2.500 USDT ≈ 2.500", "• 1.234 ETH ≈ ", "o bien 1,234 ETH ≈ ", "¿Cuál quieres decir?")
        assert old.buttons[:2] == ("1.234 ETH", "1,234 ETH")
        await one.say("ETH 1.500")
        assert "Has enviado otras cantidades" in await answered(one, "1,234 ETH", old)
        await one.taps("1,5 ETH", "Sí", "Equilibrada", "Usar Equilibrada")
        held: Any = await one.program.accounts.exchange(await one.portfolio_id())
        assert {name: qty for name, qty in (await held.balances()).spot.items() if qty} == {"ETH": Decimal("1.5")}


async def answered(one: Someone, label: str, on: Message) -> str:
    """Tap a button and return what is written then."""
    before = one.newest
    await one.tap(label, on=on)
    return one.since(before)
