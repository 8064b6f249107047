"""Corrections as people write them, in three languages: each with its reading, or with the sentence that refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.chat.reading.corrections import corrections

if TYPE_CHECKING:
    from decimal import Decimal

LISTED = ("BTC", "ETH", "SOL", "USDC", "S", "1INCH", "BTC-PERP", "ETH-PERP", "SOL-PERP")
#: what is typed | decimal sign of the language | what is read, or ! and a part of the sentence
WRITTEN = """
everything except SOL|.|! “everything except SOL” says which orders were done.
all but 3|.|! “all but 3” says which orders were done.
ETH not sold|.|! “ETH not sold” says which orders were done.
didn't buy SOL|.|! “didn't buy SOL” says which orders were done.
only the first two|.|! “only the first two” says which orders were done.
only bought ETH|.|! “only bought ETH” says which orders were done.
half done|.|! “half done” says which orders were done.
todo menos SOL|,|! “todo menos SOL” says which orders were done.
no compré SOL|,|! “no compré SOL” says which orders were done.
solo vendí BTC|,|! “solo vendí BTC” says which orders were done.
всё кроме SOL|,|! “всё кроме SOL” says which orders were done.
не купил SOL|,|! “не купил SOL” says which orders were done.
наличных 5 200|,|USDT 5200
на счёте 5 200 USDT|,|USDT 5200
BTC 0.5 -> 0.6, the rest as it was|.|BTC 0.6
BTC 0.6, everything else unchanged|.|BTC 0.6
0.6 BTC and the rest is the same|.|BTC 0.6
BTC 0.6, ETH 3, nothing else changed|.|BTC 0.6, ETH 3
BTC 0,6 y lo demás igual|,|BTC 0.6
BTC 0,6, el resto como estaba|,|BTC 0.6
BTC 0,6, todo lo demás sigue igual|,|BTC 0.6
BTC 0,6 остальное так же|,|BTC 0.6
BTC 0,6, остальное без изменений|,|BTC 0.6
BTC 0,6, всё остальное как было|,|BTC 0.6
BTC 0.6, the rest is 500 USDT|.|! I don't understand “rest” here.
BTC 0.5 → 0.6|.|BTC 0.6
BTC from 0.5 to 0.6|.|BTC 0.6
BTC de 0,5 a 0,6|,|BTC 0.6
BTC с 0,5 до 0,6|,|BTC 0.6
half a bitcoin|.|BTC 0.5
.6 BTC|.|BTC 0.6
,6 BTC|,|BTC 0.6
I have 0.6 BTC left|.|BTC 0.6
me quedan 0,6 BTC|,|BTC 0.6
осталось 0,6 BTC|,|BTC 0.6
2 mil 500 USDT|,|USDT 2500
bought 0.1 BTC|.|! “bought 0.1” says by how much it changed.
0.1 more BTC|.|! “0.1 more” says by how much it changed.
minus 0.1 BTC|.|! “minus 0.1” says by how much it changed.
0,1 BTC más|,|! “0,1 BTC más” says by how much it changed.
compré 0,1 BTC|,|! “compré 0,1” says by how much it changed.
ещё 0,1 BTC|,|! “ещё 0,1” says by how much it changed.
продал 0,1 BTC|,|! “продал 0,1” says by how much it changed.
ya no tengo SOL|,|SOL 0
vendí todo el SOL|,|SOL 0
продал весь SOL|,|SOL 0
ETH short liquidated|.|ETH-PERP 0
liquidated: BTC long|.|BTC-PERP 0
BTC long got liquidated|.|BTC-PERP 0
me liquidaron el corto de ETH|,|ETH-PERP 0
шорт ETH ликвидировали|,|ETH-PERP 0
шорт по ETH закрыт|,|ETH-PERP 0
short ETH 2, entry 3000|.|ETH-PERP -2 @ 3000
corto de 2 ETH a 3.000|,|ETH-PERP -2 @ 3000
2500 in futures|.|FUTURES 2500
2.500 en futuros|,|FUTURES 2500
2500 на фьючерсах|,|FUTURES 2500
futures wallet is 2500 usdt|.|FUTURES 2500
ETH 4	5|.|! There is no name next to “5”.
I now have 0.6 BTC|.|BTC 0.6
BTC is 0.6|.|BTC 0.6
btc=0.6|.|BTC 0.6
0.6 btc, 5 eth|.|BTC 0.6, ETH 5
• 0.6 BTC ≈ $36,000|.|BTC 0.6
now BTC 0.6 and ETH 4.5|.|BTC 0.6, ETH 4.5
BTC 0.6?|.|BTC 0.6
S 40|.|S 40
bitcoin 0.6|.|BTC 0.6
BTC 0|.|BTC 0
0 SOL|.|SOL 0
SOL: 0|.|SOL 0
SOL 0 ETH 0|.|SOL 0, ETH 0
no SOL|.|SOL 0
no more SOL|.|SOL 0
sold all SOL|.|SOL 0
SOL gone|.|SOL 0
SOL none|.|SOL 0
closed BTC long|.|BTC-PERP 0
close my ETH short|.|ETH-PERP 0
BTC long closed|.|BTC-PERP 0
BTC-PERP: 0|.|BTC-PERP 0
short ETH 0|.|ETH-PERP 0
long BTC 0.05|.|BTC-PERP 0.05
bitcoin long 0.05|.|BTC-PERP 0.05
BTC perp: 0.05|.|BTC-PERP 0.05
BTC perp 0.05 61000|.|BTC-PERP 0.05 @ 61000
BTC-PERP -0.05 at 61000|.|BTC-PERP -0.05 @ 61000
btc-perp: short 0.05|.|BTC-PERP -0.05
ETH-PERP short 2|.|ETH-PERP -2
long 0.05 BTC at 61k|.|BTC-PERP 0.05 @ 61000
0.05 BTC long @ 61,000|.|BTC-PERP 0.05 @ 61000
short 2 ETH @3k|.|ETH-PERP -2 @ 3000
long bitcoin 0.05 at 61000|.|BTC-PERP 0.05 @ 61000
long BTC 0.05 at $61,000.50|.|BTC-PERP 0.05 @ 61000.50
long BTC 0.05 entry 61000, short ETH 1|.|BTC-PERP 0.05 @ 61000, ETH-PERP -1
BTC 0.6 long ETH 1 at 2000 SOL 3|.|BTC 0.6, SOL 3, ETH-PERP 1 @ 2000
futures 2500|.|FUTURES 2500
futures: 2.5k|.|FUTURES 2500
futures balance 2500|.|FUTURES 2500
futures wallet 2,500 USDT|.|FUTURES 2500
USDT futures 2500|.|FUTURES 2500
USDT 1,200, futures 2,500|.|USDT 1200, FUTURES 2500
futures 2500 USDT 1200|.|USDT 1200, FUTURES 2500
futures 0, BTC 1, long ETH 1 @ 2000|.|BTC 1, FUTURES 0, ETH-PERP 1 @ 2000
ahora tengo 0,6 BTC|,|BTC 0.6
sin SOL|,|SOL 0
nada de SOL|,|SOL 0
vendí todo SOL|,|SOL 0
cerré el largo de BTC|,|BTC-PERP 0
largo BTC 0,05 a 61.000|,|BTC-PERP 0.05 @ 61000
BTC largo 0,05 a 61.000,5|,|BTC-PERP 0.05 @ 61000.5
corto de ETH 2|,|ETH-PERP -2
largo 0,05 BTC a 61.000|,|BTC-PERP 0.05 @ 61000
cartera de futuros 2.500|,|FUTURES 2500
futuros: 2.500,50|,|FUTURES 2500.50
saldo de futuros 2500|,|FUTURES 2500
теперь BTC 0,6|,|BTC 0.6
нет SOL|,|SOL 0
SOL нет|,|SOL 0
продал все SOL|,|SOL 0
закрыл лонг BTC|,|BTC-PERP 0
лонг BTC 0,05 по 61000|,|BTC-PERP 0.05 @ 61000
BTC лонг 0,05 по 61 000|,|BTC-PERP 0.05 @ 61000
шорт 2 ETH по 3000|,|ETH-PERP -2 @ 3000
фьючерсный счёт 2500|,|FUTURES 2500
на фьючерсах 2500|,|FUTURES 2500
фьючерсы: 2 500,5|,|FUTURES 2500.5
BTC should be 0.6|.|BTC 0.6
BTC changed to 0.6|.|BTC 0.6
BTC to 0.6|.|BTC 0.6
it's 0.6 BTC, not 0.5|.|BTC 0.6
actually 0.6 btc|.|BTC 0.6
BTC 0.6 instead of 0.5|.|BTC 0.6
usdt one thousand|.|USDT 1000
SOL is gone|.|SOL 0
BTC debería ser 0,6|,|BTC 0.6
en realidad 0,6 BTC|,|BTC 0.6
BTC 0,6 en vez de 0,5|,|BTC 0.6
cambia BTC a 0,6|,|BTC 0.6
ya no tengo nada de SOL|,|SOL 0
mil usdt y dos eth|,|USDT 1000, ETH 2
0,5 BTC a 60000|,|BTC 0.5
BTC должно быть 0,6|,|BTC 0.6
на самом деле 0,6 BTC|,|BTC 0.6
BTC 0,6 вместо 0,5|,|BTC 0.6
BTC было 0,5, стало 0,6|,|BTC 0.6
SOL больше нет|,|SOL 0
тысяча usdt|,|USDT 1000
BTC is now half|.|! I don't understand
BTC +0.1|.|! says by how much it changed
+0.1 BTC|.|! says by how much it changed
BTC -0.1|.|! is negative
BTC 50%|.|! is not an amount of coins
long BTC 5%|.|! is not an amount of coins
long BTC $500|.|! is not an amount of coins
long BTC -1|.|! not both
long BTC 1 at 0|.|! must be above 0
long BTC 1, BTC long 2|.|! listed twice
BTC 0.6 BTC 0.7|.|! listed twice
futures -5|.|! is negative
long S 5|.|! There are no S futures
long 1INCH 5|.|! There are no 1INCH futures
FOO 5|.|! has no price
long BTC|.|! I don't understand
all sold|.|! I don't understand
"""


def told(text: str, sign: str) -> str:
    """Return a correction in one form: amounts, the futures account, positions with their entries."""
    typed, problems = corrections(text, LISTED, "USDT", sign)
    if problems:
        return "! " + "; ".join(str(problem) for problem in problems)
    parts = [f"{name} {plain(qty)}" for name, qty in typed.spot.items()]
    parts += [] if typed.futures_wallet is None else [f"FUTURES {plain(typed.futures_wallet)}"]
    parts += [f"{name} {plain(qty)}{'' if entry is None else f' @ {entry}'}" for name, (qty, entry) in typed.positions.items()]
    return ", ".join(parts)


def plain(qty: Decimal) -> str:
    """Return a number without an exponent and without zeros that only its unit has left."""
    return f"{qty:f}".removesuffix(".0")


CASES = [tuple(line.split("|")) for line in WRITTEN.strip().splitlines()]


@pytest.mark.parametrize(("text", "sign", "meant"), CASES, ids=[case[0] for case in CASES])
def test_a_correction_is_read_as_it_is_meant_or_refused_with_its_reason(text: str, sign: str, meant: str) -> None:
    got = told(text, sign)
    assert meant.removeprefix("! ") in got if meant.startswith("!") else got == meant.replace("61000.0", "61000"), got


def test_all_problems_are_told_together() -> None:
    """What can be read beside them is not taken either."""
    assert told("DOGGO 5, long FOO 1, long BTC 1 at 0, BTC 0.6", ".").count(";") == 2
