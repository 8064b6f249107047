"""Sums that come, go, are kept out or are invested, as people write them in three languages: each with its reading or its sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from handlers.chat.reading import sums
from handlers.commands import invest, schedule
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.handlers.chat.test_holdings_as_written import LISTED, decimal
from tests.person import someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from pathlib import Path

    from handlers.chat.amounts import Typed

CATALOGUE = Catalogue(LOCALE)


def rows(table: str) -> list[tuple[str, ...]]:
    """Return the rows of a table: language, what is typed, and what comes of it."""
    return [tuple(row.split("|")) for row in table.strip().splitlines()]


#: language, what is typed, what comes or goes; "or" before what else it may be, "!" before what is answered
MOVED = rows("""
en|.5 btc|BTC 0.5
en|put in .5 btc|BTC 0.5
en|.25|USDT 0.25
es|,5 btc|BTC 0.5
ru|,5 битка|BTC 0.5
en|100 USD Coin|USDC 100
en|max 500|! “max 500” is not a number
en|500,-|USDT 500
en|two and a half thousand|USDT 2500
es|2 mil 500|USDT 2500
es|2 mil quinientos|USDT 2500
ru|две с половиной тысячи|USDT 2500
ru|закинул 500 баксов|USDT 500
en|twenty five dollars|USDT 25
en|a hundred bucks|USDT 100
en|500 usd in cash|USDT 500
en|500 from my bank|USDT 500
en|salary 500|USDT 500
es|dos mil quinientos|USDT 2500
es|500 de mi banco|USDT 500
es|500 pavos|USDT 500
ru|двадцать пять usdt|USDT 25
ru|500 с карты|USDT 500
ru|10 тыщ|USDT 10000
en|500|USDT 500
en|500$|USDT 500
en|500 dollars|USDT 500
en|500 USDT|USDT 500
en|500 usdc|USDC 500
en|1.500|USDT 1500
en|half a million|USDT 500000
en|half|! “half” is a part of it
en|all|! Say which coin, like all BTC.
en|all my usdt|all USDT
en|max|! Say which coin, like all BTC.
en|half of it|! “half of it” is a part of it
en|about 500|USDT 500
en|500.|USDT 500
en|500 today|USDT 500
en|+500|USDT 500
en|0|USDT 0
en|1e3|! “1e3” is not a number. Write it like 2500 or 2,500.50.
en|500 into BTC|! “500 into BTC” could be dollars or a number of coins
en|BTC 500|BTC 500
en|0.1 BTC and 500 USDT|BTC 0.1, USDT 500
en|$500 + 0.1 BTC|! “$500” stands next to an amount. Leave it out if that is only its value,
en|500 to 600|! “500 to 600” is a range
en|500 a month|! I don't understand “month” here.
en|500 every month|! I don't understand “every” here.
en|500 euros|EUR 500
en|₿0.1|BTC 0.1
en|$1,000.50|USDT 1000.5
en|1'000|USDT 1000
en|500 bucks please|USDT 500
en|put 500|USDT 500
en|deposit 500|USDT 500
en|i put in 500|USDT 500
en|send 500|USDT 500
en|got 500 usdt|USDT 500
en|500 more|USDT 500
en|a thousand|USDT 1000
en|1 thousand|USDT 1000
en|usd500|USDT 500
en|500usdt|USDT 500
en|all BTC|all BTC
en|all my BTC|all BTC
en|half my BTC|! “half my BTC” is a part of it
en|0.1 bitcoin|BTC 0.1
en|max BTC|all BTC
en|nothing|! “nothing” is not an amount
en|zero|USDT 0
en|?|! “?” is not an amount
es|500 dólares|USDT 500
es|1.500,50|USDT 1500.5
es|mil dólares|USDT 1000
es|medio millón|USDT 500000
es|todo el USDT|all USDT
es|la mitad|! “la mitad” is a part of it
es|50 %|! “50 %” is a share
es|2 mil|USDT 2000
es|500 de BTC|BTC 500
es|500 y 0,1 BTC|! There is no name next to “500”.
es|unos 500|USDT 500
es|otros 500|USDT 500
es|invertir 500|USDT 500
es|retirar 500|USDT 500
es|BTC todo|all BTC
es|500 cada mes|! I don't understand “cada” here.
es|500 usdt por favor|USDT 500
es|ETH 1.234|ETH 1234 or ETH 1.234
ru|500 баксов|USDT 500
ru|1 500|USDT 1500
ru|полторы тысячи|USDT 1500
ru|тысячу|USDT 1000
ru|пятьсот долларов|USDT 500
ru|сто долларов|USDT 100
ru|все|! Say which coin, like all BTC.
ru|все BTC|all BTC
ru|половину|! “половину” is a part of it
ru|половину BTC|! “половину BTC” is a part of it
ru|500 рублей|! “500 рублей” is not in dollars. Amounts here are in US dollars:
ru|500 евро|EUR 500
ru|0,1 биткоина|BTC 0.1
ru|ещё 500|USDT 500
ru|внести 500|USDT 500
ru|500 на BTC|! “500 на BTC” could be dollars or a number of coins
ru|полмиллиона|USDT 500000
ru|500 юсдт|USDT 500
en|$500|USDT 500
en|500 bucks|USDT 500
en|1,500|USDT 1500
en|500 please|USDT 500
en|500 now|USDT 500
en|-500|USDT -500
en|0.1 BTC|BTC 0.1
en|1 000|USDT 1000
en|500 dollar|USDT 500
en|i deposited 500|USDT 500
en|another 500|USDT 500
en|1000 $ in usdt|USDT 1000
en|500USDC|USDC 500
en|everything in BTC|all BTC
en|BTC 0.1, ETH 1|BTC 0.1, ETH 1
es|todos mis BTC|all BTC
es|0,1 BTC|BTC 0.1
es|500 más|USDT 500
es|todo BTC|all BTC
es|1,234 ETH|ETH 1.234 or ETH 1234
ru|500 $|USDT 500
ru|весь USDT|all USDT
ru|0,1 BTC|BTC 0.1
ru|около 500|USDT 500
""")

#: the same of what is kept out
KEPT = rows("""
en|.2 BTC|BTC 0.2
en|another 0.2 BTC|! “another 0.2 BTC” says by how much it changes. Write how much is kept out in all
en|0.2 more BTC|! “0.2 more” says by how much it changes.
en|+0.2 BTC|! “+0.2 BTC” says by how much it changes.
en|add 0.2 BTC|! “add 0.2 BTC” says by how much it changes.
en|give back 0.1 BTC|! “give back 0.1 BTC” says by how much it changes.
en|0.2 BTC back|! “0.2 BTC back” says by how much it changes.
en|0.2 BTC + 4 ETH|BTC 0.2, ETH 4
es|otros 0,2 BTC|! “otros 0,2 BTC” says by how much it changes.
es|0,2 BTC más|! “0,2 BTC más” says by how much it changes.
es|devuelve 0,1 BTC|! “devuelve 0,1 BTC” says by how much it changes.
ru|ещё 0,2 BTC|! “ещё 0,2 BTC” says by how much it changes.
ru|верни 0,1 BTC|! “верни 0,1 BTC” says by how much it changes.
es|guarda ,2 BTC|BTC 0.2
en|a thousand usdt|USDT 1000
es|mil usdt|USDT 1000
ru|сто баксов|USDT 100
en|twenty five dollars|USDT 25
en|0.2 BTC|BTC 0.2
en|BTC 0.2|BTC 0.2
en|0.2 bitcoin|BTC 0.2
en|0.2 BTC please|BTC 0.2
en|keep 0.2 BTC|BTC 0.2
en|keep 0.2 BTC out|BTC 0.2
en|0.2 BTC out|BTC 0.2
en|all ADA|all ADA
en|ADA all|all ADA
en|all of my ADA|all ADA
en|all my ADA|all ADA
en|all the ADA|all ADA
en|everything in ADA|all ADA
en|my ADA|! There is no number after ADA.
en|ADA|! There is no number after ADA.
en|half my BTC|! “half my BTC” is a part of it
en|half of my BTC|! “half of my BTC” is a part of it
en|half BTC|! “half BTC” is a part of it
en|half the BTC|! “half the BTC” is a part of it
en|50% of BTC|! “50%” is not an amount of coins
en|BTC 50%|! “50%” is not an amount of coins
en|all BTC except 0.1|! “except 0.1” says what is left over
en|all but 0.1 BTC|! “but 0.1 BTC” says what is left over
en|at least 0.2 BTC|BTC 0.2
en|0.2 BTC and 4 ETH|BTC 0.2, ETH 4
en|all ADA and 0.2 BTC|all ADA, BTC 0.2
en|all ADA, all SOL|all ADA, all SOL
en|all ADA and SOL|all ADA, all SOL
en|all ADA & all SOL|all ADA, all SOL
en|BTC 0|BTC 0
en|BTC none|BTC 0
en|no BTC|BTC 0
en|nothing|! Say which coin to give back, like BTC 0.
en|0|! Say which coin to give back, like BTC 0.
en|none|! Say which coin to give back, like BTC 0.
en|give back BTC|BTC 0
en|give back all BTC|BTC 0
en|BTC back|BTC 0
en|release BTC|BTC 0
en|all|! Say which coin, like all BTC.
en|everything|! Say which coin, like all BTC.
en|$500|USDT 500
en|500 USDT|USDT 500
en|$500 of BTC|! “$500” is not an amount of coins
en|BTC $500|! “$500” is not an amount of coins
en|0.2|! There is no name next to “0.2”.
en|-0.2 BTC|! BTC is negative; only 0 or more makes sense.
en|0,2 BTC|BTC 0.2
en|half a bitcoin|BTC 0.5
en|one BTC|BTC 1
en|all bitcoin|all BTC
en|all cardano|all ADA
en|whole ADA|all ADA
en|the whole ADA|all ADA
en|entire ADA|all ADA
en|every ADA|! I don't understand “every” here.
en|all ADA coins|all ADA
en|all 100 ADA|! Say which coin, like all BTC.
en|ADA: all|all ADA
en|ADA=all|all ADA
en|ADA - all|all ADA
en|ALL ada|all ADA
en|1,234 ETH|ETH 1234 or ETH 1.234
en|1.234 ETH|ETH 1.234
en|BTC 0.2 ETH all|all ETH, BTC 0.2
en|BTC all ETH 0.2|all BTC, ETH 0.2
en|0.2 BTC 0.3 BTC|! BTC is listed twice.
en|all BTC 0.2 BTC|! BTC is listed twice.
en|all futures|! FUTURES has no price at this exchange.
en|futures 500|! FUTURES has no price at this exchange.
en|BTC-PERP 1|! BTC-PERP has no price at this exchange. Did you mean BTC?
en|FOO 5|! FOO has no price at this exchange.
en|all FOO|! FOO has no price at this exchange.
en|some BTC|! “some BTC” is a part of it
en|BTC 0.2 at 60000|BTC 0.2
en|hold 0.2 BTC|BTC 0.2
en|hodl 0.2 BTC|BTC 0.2
en|reserve 0.2 BTC|BTC 0.2
en|save 0.2 btc|BTC 0.2
en|don't sell my BTC|! There is no number after BTC.
en|never sell ADA|! There is no number after ADA.
en|don't touch 0.2 BTC|BTC 0.2
en|0.2 of my BTC|BTC 0.2
en|0.2BTC|BTC 0.2
en|btc0.2|BTC 0.2
en|BTC .2|BTC 0.2
en|• 0.2 BTC|BTC 0.2
en|0.1-0.2 BTC|! “0.1-0.2” is not a number
en|all alts|! ALTS has no price at this exchange.
en|all stablecoins|! STABLECOINS has no price at this exchange.
en|all usdt|all USDT
en|all cash|all USDT
es|0,2 BTC|BTC 0.2
es|BTC 0,2|BTC 0.2
es|todo ADA|all ADA
es|todo el ADA|all ADA
es|todo mi ADA|all ADA
es|toda ADA|all ADA
es|todas mis ADA|all ADA
es|ADA todo|all ADA
es|todos los BTC|all BTC
es|todo mi bitcoin|all BTC
es|la mitad de BTC|! “la mitad de BTC” is a part of it
es|mitad BTC|! “mitad BTC” is a part of it
es|medio bitcoin|BTC 0.5
es|guardar 0,2 BTC|BTC 0.2
es|guarda 0,2 BTC|BTC 0.2
es|aparta 0,2 BTC|BTC 0.2
es|no vendas 0,2 BTC|BTC 0.2
es|no vender ADA|! There is no number after ADA.
es|BTC 0|BTC 0
es|nada de BTC|BTC 0
es|nada|! Say which coin to give back, like BTC 0.
es|devolver BTC|BTC 0
es|sin BTC|BTC 0
es|todo ADA y 0,2 BTC|all ADA, BTC 0.2
es|todo ADA y SOL|all ADA, all SOL
es|1.234 ETH|ETH 1234 or ETH 1.234
es|ETH 1,5|ETH 1.5
es|todo menos 0,1 BTC|! “menos 0,1 BTC” says what is left over
es|todo|! Say which coin, like all BTC.
es|50% de BTC|! “50%” is not an amount of coins
es|al menos 0,2 BTC|BTC 0.2
ru|0,2 BTC|BTC 0.2
ru|BTC 0,2|BTC 0.2
ru|все ADA|all ADA
ru|всё ADA|all ADA
ru|весь BTC|all BTC
ru|вся ADA|all ADA
ru|всю ADA|all ADA
ru|весь биткоин|all BTC
ru|весь мой BTC|all BTC
ru|все мои ADA|all ADA
ru|ADA все|all ADA
ru|ADA всё|all ADA
ru|половину BTC|! “половину BTC” is a part of it
ru|половина BTC|! “половина BTC” is a part of it
ru|пол биткоина|BTC 0.5
ru|отложить 0,2 BTC|BTC 0.2
ru|оставить 0,2 BTC|BTC 0.2
ru|не продавать 0,2 BTC|BTC 0.2
ru|не трогать ADA|! There is no number after ADA.
ru|BTC 0|BTC 0
ru|вернуть BTC|BTC 0
ru|ничего|! Say which coin to give back, like BTC 0.
ru|нисколько BTC|BTC 0
ru|все ADA и 0,2 BTC|all ADA, BTC 0.2
ru|все ADA и SOL|all ADA, all SOL
ru|1,234 ETH|ETH 1.234 or ETH 1234
ru|весь BTC кроме 0,1|! “кроме 0,1” says what is left over
ru|50% BTC|! “50%” is not an amount of coins
ru|0,2 битка|BTC 0.2
ru|все эфиры|all ETH
ru|весь эфир|all ETH
ru|не меньше 0,2 BTC|BTC 0.2
ru|всё|! Say which coin, like all BTC.
""")

#: how much is invested
INVESTED = rows("""
en|500|500
en|500$|500
en|500 dollars|500
en|500 USDT|500
en|1,500|1500
en|1.5k|1500
en|half my cash|! “half my cash” is a part of it
en|everything|all
en|all of it|all
en|the rest|! “the rest” is not an amount
en|50%|! “50%” is a share
en|500 please|500
en|~500|500
en|500 now|500
en|500 of it|500
en|-500|! Write an amount above 0, like 500 or 0.1 BTC.
en|$0|! Write an amount above 0, like 500 or 0.1 BTC.
en|500 in BTC|! I put the money where it is missing most, so no coin can be chosen
en|500 to BTC|! I put the money where it is missing most, so no coin can be chosen
en|$500 + 0.1 BTC|! “$500” stands next to an amount. Leave it out if that is only its value,
en|500 to 600|! “500 to 600” is a range
en|500 a month|! A regular amount goes into the schedule
en|500 every month|! A regular amount goes into the schedule
en|£500|! “£500” is not in dollars. Amounts here are in US dollars: write
en|1 000|1000
en|1 million|1000000
en|500 dollar|500
en|invest 500|500
en|i deposited 500|500
en|add 500|500
en|500 from my bank|500
en|another 500|500
en|five hundred dollars|500
en|one thousand|1000
en|1000 $ in usdt|1000
en|usdt500|500
en|half my BTC|! “half my BTC” is a part of it
en|nothing|! “nothing” is not an amount
en|zero|! Write an amount above 0
en|?|! “?” is not an amount
es|500 dólares|500
es|1.500,50|1500.5
es|mil dólares|1000
es|medio millón|500000
es|todo el USDT|all
es|mitad|! “mitad” is a part of it
es|cien dólares|100
es|500 en BTC|! I put the money where it is missing most, so no coin can be chosen
es|unos 500|500
es|otros 500|500
es|invertir 500|500
es|retirar 500|! “retirar” is about money that goes out. Send that with /withdraw
es|500 cada mes|! A regular amount goes into the schedule
es|500 usdt por favor|500
es|ETH 1.234|! ETH can be read as 1234 or as 1.234
ru|500 баксов|500
ru|1 500|1500
ru|полторы тысячи|1500
ru|тысячу|1000
ru|пятьсот долларов|500
ru|сто долларов|100
ru|все|all
ru|половину|! “половину” is a part of it
ru|половину BTC|! “половину BTC” is a part of it
ru|500 рублей|! “500 рублей” is not in dollars. Amounts here are in US dollars:
ru|500 и 0,1 BTC|! There is no name next to “500”.
ru|вложить 500|500
ru|500 в BTC|! I put the money where it is missing most, so no coin can be chosen
ru|около 500|500
ru|500 в месяц|! A regular amount goes into the schedule
ru|500 тезер|500
""")

#: what a schedule with a regular amount is
REGULAR = rows("""
es|2 mil 500 dólares al mes|invest 2500, freq monthly
es|500 pesos al mes|! “500 pesos” is not in dollars.
en|two and a half thousand a month|invest 2500, freq monthly
es|cada día a las 7 y media|freq daily, time 07:30
ru|две с половиной тысячи в месяц|invest 2500, freq monthly
ru|2 тысячи 500 долларов в месяц|invest 2500, freq monthly
ru|500 баксов раз в неделю по средам|invest 500, freq weekly, weekday 2
en|a hundred dollars a week|invest 100, freq weekly
en|weekly on fri at 5pm invest 500|invest 500, freq weekly, weekday 4, time 17:00
es|mil usdt al mes|invest 1000, freq monthly
ru|тысячу долларов в месяц|invest 1000, freq monthly
ru|500 двадцать раз в месяц|! “двадцать раз в месяц” is not possible
en|500 monthly|invest 500, freq monthly
en|monthly 500|! “500” is not a day of the month; it must be between 1 and 31. If
en|$500 monthly|invest 500, freq monthly
en|500 every month|invest 500, freq monthly
en|500 a month|invest 500, freq monthly
en|500 per month|invest 500, freq monthly
en|500/month|invest 500, freq monthly
en|500 each month|invest 500, freq monthly
en|invest 500 monthly|invest 500, freq monthly
en|100 every monday|invest 100, weekday 0, freq weekly
en|100 every Monday at 9|invest 100, weekday 0, time 09:00, freq weekly
en|$100 weekly|invest 100, freq weekly
en|100 weekly mon 9:00|invest 100, freq weekly, weekday 0, time 09:00
en|1,000 monthly 15|invest 1000, freq monthly, day 15
en|1000 monthly on the 15th|invest 1000, freq monthly, day 15
en|15 monthly|day 15, freq monthly
en|$15 monthly|invest 15, freq monthly
en|15 dollars monthly|invest 15, freq monthly
en|31 daily|! A day of the month goes only with a monthly or quarterly schedul
en|$31 daily|invest 31, freq daily
en|500 USDT weekly|invest 500, freq weekly
en|500 usdc weekly|invest 500, freq weekly
en|weekly 500 usdt|invest 500, freq weekly
en|1.5k monthly|invest 1500, freq monthly
en|€500 monthly|! “€500” is not in dollars. Amounts here are in US dollars: write
en|500 euros monthly|! “500 euros” is not in dollars. Amounts here are in US dollars: w
en|£500 monthly|! “£500” is not in dollars. Amounts here are in US dollars: write
en|50% monthly|! I don't understand “50%” here.
en|0.1 BTC monthly|! I don't understand “0.1” here.
en|-500 monthly|! Write an amount above 0, like 500 or 0.1 BTC.
en|$0 monthly|! Write an amount above 0, like 500 or 0.1 BTC.
en|0 monthly|! “0” is not a day of the month; it must be between 1 and 31.
en|500 monthly 9:00|invest 500, freq monthly, time 09:00
en|500 on the 1st of every month|invest 500, day 1, freq monthly
en|500 daily|invest 500, freq daily
en|500|! Say how often: daily, weekly, monthly, quarterly or off.
en|half monthly|! I don't understand “half” here.
en|all monthly|! I don't understand “all” here.
en|500.50 monthly|invest 500.5, freq monthly
en|2,500.50 monthly|invest 2500.5, freq monthly
en|500 twice a month|! “twice a month” is not possible: a schedule is daily, weekly, mo
en|500 biweekly|! “biweekly” is not possible: a schedule is daily, weekly, monthly
en|five hundred monthly|invest 500, freq monthly
en|500 at 9 daily|invest 500, time 09:00, freq daily
en|daily 9:00 500|! “500” is not a day of the month; it must be between 1 and 31. If
en|daily 500 9:00|! “500” is not a day of the month; it must be between 1 and 31. If
en|monthly 15 500|! “500” is not a day of the month; it must be between 1 and 31. If
en|500 monthly 15|invest 500, freq monthly, day 15
en|invest 500 on fridays|invest 500, weekday 4, freq weekly
en|500 a week|invest 500, freq weekly
en|500 a day|invest 500, freq daily
en|10k quarterly|invest 10000, freq quarterly
en|500 quarterly|invest 500, freq quarterly
en|every friday 500 bucks|invest 500, weekday 4, freq weekly
en|rebalance monthly|invest None, freq monthly
en|invest monthly|freq monthly
en|500 to BTC monthly|! I don't understand “to” here.
en|stop investing|! I don't understand “investing” here.
en|500 monthly only outside|! I don't understand “only” here.
en|$1 000 monthly|invest 1000, freq monthly
en|500$ monthly|invest 500, freq monthly
en|500 USD monthly|invest 500, freq monthly
en|25 monthly|day 25, freq monthly
en|$25 monthly 5|invest 25, freq monthly, day 5
en|500k daily|invest 500000, freq daily
en|500 monthly 32|! “32” is not a day of the month; it must be between 1 and 31. If
en|100 mon|invest 100, weekday 0, freq weekly
en|50 mon 9|invest 50, weekday 0, time 09:00, freq weekly
en|1e3 monthly|! I don't understand “1e3” here.
es|500 al mes|invest 500, freq monthly
es|500 mensual|invest 500, freq monthly
es|500 cada mes|invest 500, freq monthly
es|500 dólares al mes|invest 500, freq monthly
es|1.500 mensual|invest 1500, freq monthly
es|500 cada lunes|invest 500, weekday 0, freq weekly
es|500 a la semana|invest 500, freq weekly
es|500 por semana|invest 500, freq weekly
es|invertir 500 cada mes|invest 500, freq monthly
es|500 euros al mes|! “500 euros” is not in dollars. Amounts here are in US dollars: w
es|500 diario|invest 500, freq daily
es|cada viernes 500|! “500” is not a day of the month; it must be between 1 and 31. If
es|500 mensual el 15|invest 500, freq monthly, day 15
es|mensual 500 el 15|! “500” is not a day of the month; it must be between 1 and 31. If
es|500 US$ semanal|invest 500, freq weekly
es|500 trimestral|invest 500, freq quarterly
es|500 al día|invest 500, freq daily
es|100 USDT los viernes a las 9|invest 100, weekday 4, time 09:00, freq weekly
es|1,5 mil mensual|invest 1500, freq monthly
es|500 quincenal|! “quincenal” is not possible: a schedule is daily, weekly, monthl
es|mil al mes|invest 1000, freq monthly
ru|500 в месяц|invest 500, freq monthly
ru|500 каждый месяц|invest 500, freq monthly
ru|500 ежемесячно|invest 500, freq monthly
ru|500 долларов в месяц|invest 500, freq monthly
ru|500 каждый понедельник|invest 500, weekday 0, freq weekly
ru|500 в неделю|invest 500, freq weekly
ru|500 еженедельно|invest 500, freq weekly
ru|вкладывать 500 в месяц|invest 500, freq monthly
ru|1,5 тыс ежемесячно|invest 1500, freq monthly
ru|500 рублей ежемесячно|! “500 рублей” is not in dollars. Amounts here are in US dollars:
ru|500 $ раз в месяц|invest 500, freq monthly
ru|1 500 ежемесячно|invest 1500, freq monthly
ru|500 ежедневно|invest 500, freq daily
ru|500 в день|invest 500, freq daily
ru|каждую пятницу 500 $|invest 500, weekday 4, freq weekly
ru|500 ежемесячно 15-го|invest 500, freq monthly, day 15
ru|ежемесячно 15-го 500 долларов|invest 500, freq monthly, day 15
ru|500 раз в квартал|invest 500, freq quarterly
ru|500 раз в две недели|! “раз в две недели” is not possible: a schedule is daily, weekly,
ru|500 по пятницам в 9|invest 500, weekday 4, time 09:00, freq weekly
ru|500 евро ежемесячно|! “500 евро” is not in dollars. Amounts here are in US dollars: wr
""")


def shown(typed: Typed) -> str:
    """Return what was read in one line."""
    if typed.problems:
        return "! " + " / ".join(map(str, typed.problems))
    every, otherwise = [f"all {coin}" for coin in typed.every], in_line(typed.otherwise)
    return ", ".join([*every, *([in_line(typed.holdings)] if typed.holdings else [])]) + (f" or {otherwise}" if otherwise else "")


def in_line(qtys: dict[str, Decimal]) -> str:
    return ", ".join(f"{coin} {plain(qty)}" for coin, qty in qtys.items())


def plain(qty: Decimal) -> str:
    return f"{qty.normalize():f}"


def is_meant(got: str, meant: str) -> bool:
    """Tell whether it is the reading, or begins with the first sentence of the answer."""
    return got.startswith(meant) if meant.startswith("!") else got == meant


@pytest.mark.parametrize(("language", "typed", "meant"), MOVED)
def test_what_comes_or_goes_is_read_or_answered(language: str, typed: str, meant: str) -> None:
    """/deposit and /withdraw: a number alone is money, a number in a coin is neither, a part of it is nobody's number."""
    got = shown(sums.moved(typed, LISTED, "USDT", decimal(language)))
    assert is_meant(got, meant), got


@pytest.mark.parametrize(("language", "typed", "meant"), KEPT)
def test_what_is_kept_out_is_read_or_answered(language: str, typed: str, meant: str) -> None:
    """/keep: amounts and all of a coin in any order, given back in words, never a part that nobody has counted."""
    got = shown(sums.kept(typed, LISTED, "USDT", decimal(language)))
    assert is_meant(got, meant), got


@pytest.mark.parametrize(("language", "typed", "meant"), INVESTED)
def test_what_is_invested_is_read_or_answered(language: str, typed: str, meant: str) -> None:
    """/invest: money of the quote coin, or all that there is; what is said to be regular is sent to the schedule."""
    try:
        wish = invest.wish_in(typed, CATALOGUE.words(language), LISTED, "USDT")
    except UserError as problem:
        got = f"! {problem}"
    else:
        got = "all" if wish is None else plain(wish)
    assert is_meant(got, meant), got


@pytest.mark.parametrize(("language", "typed", "meant"), REGULAR)
def test_a_regular_amount_is_read_or_answered(language: str, typed: str, meant: str) -> None:
    """/schedule: an amount with its money, or one that stands first and is no day."""
    changes, problems = schedule.read(typed, CATALOGUE.words(language), None)
    got = ", ".join(f"{what} {plain(value) if isinstance(value, Decimal) else value}" for what, value in changes.items())
    got = "! " + " / ".join(map(str, problems)) if problems else got
    assert is_meant(got, meant), got


def test_three_languages_have_sixty_readings_each() -> None:
    """Of every place where a sum is typed: at least 60, in all three."""
    for table in (MOVED, KEPT, INVESTED, REGULAR):
        assert len(table) >= 60
        assert {language for language, _, _ in table} == {"en", "es", "ru"}


def test_a_coin_that_is_called_like_a_word_stays_a_coin() -> None:
    """An exchange may list OUT, MAX and NOW: what names a coin is never left out as a word."""
    listed = (*LISTED, "OUT", "MAX", "NOW")
    assert shown(sums.moved("out 500", listed, "USDT", ".")) == "OUT 500"
    assert shown(sums.kept("max 5, 3 now", listed, "USDT", ".")) == "MAX 5, NOW 3"


CHAT = [
    ("en", "/deposit 500 in BTC", "“500 in BTC” could be dollars or a number of coins. Write $500, or 500 BTC."),
    ("en", "/deposit 500 please", "+500 USDT"),
    ("en", "/deposit .5 btc", "+0.5 BTC"),
    ("en", "/deposit \u200b500", "+500 USDT"),
    ("es", "/schedule cada\xa0di\u0301a a las\xa09", "Diario"),
    ("ru", "/deposit  2  штуки  баксов", "+2 000 USDT"),
    ("en", "/deposit took out 500", "“took” is about money that goes out. Send that with /withdraw"),
    ("en", "/deposit took 500 from my bank", "+500 USDT"),
    ("en", "/withdraw put in 500", "“put” is about money that comes in. Send that with /deposit"),
    ("en", "/invest withdraw 500", "“withdraw” is about money that goes out."),
    ("es", "/deposit saqué 500", "«saqué» se dice del dinero que sale. Envíalo con /withdraw"),
    ("ru", "/withdraw внёс 500", "«внёс» — о деньгах, которые приходят. Отправьте это с /deposit"),
    ("en", "/withdraw all of my USDT", "−"),
    ("es", "/keep otros 0,2 BTC", "dice en cuánto cambia"),
    ("ru", "/keep ещё 0,2 BTC", "на сколько"),
    ("en", "/keep half my BTC", "“half my BTC” is a part of it."),
    ("en", "/keep keep all my ADA and SOL", "You hold no ADA"),
    ("en", "/invest 500 a month", "/schedule 500 monthly"),
    ("es", "/invest 500 en BTC", "500"),
    ("es", "/keep todo mi SOL", "SOL"),
    ("ru", "/keep весь мой BTC кроме 0,1", "кроме 0,1"),
    ("ru", "/schedule 500 в месяц", "500"),
]


@pytest.mark.long
async def test_sums_are_taken_in_the_chat(tmp_path: Path) -> None:
    """In three languages, in a portfolio of the demo."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, told in CHAT:
            answer = (await people[language].say(typed)).replace("\xa0", " ")
            assert told in answer, answer
