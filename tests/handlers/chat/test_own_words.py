"""What people type in a language of their own is read as its English words are; and so is every example that the bot gives in it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import UserError
from chatbot.i18n import SOURCE, Catalogue, Words
from chatbot.model import AlertSettings
from handlers.chat import amounts, names, parsing
from handlers.chat.reading import characters, own_words, sums
from handlers.chat.reading.corrections import corrections
from handlers.commands import alerts, backtest_words, hedge, report, schedule
from handlers.views.common import decimal_sign
from tests.places import LOCALE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CATALOGUE = Catalogue(LOCALE)
LANGUAGES = CATALOGUE.languages[1:]
#: two of them in each long run, all of them in the soak
SOME = [pytest.param(one, marks=pytest.mark.long if one in ("zh", "tr") else pytest.mark.slow) for one in LANGUAGES]
TODAY = date(2026, 11, 30)
COINS = {"BTC", "ETH", "SOL", "ADA", "USDT"}


def _period(text: str, _: Words) -> object:
    return report._period(text, TODAY)


def _schedule(text: str, words: Words) -> object:
    return _sure(schedule.read(text, words, None))


def _alerts(text: str, words: Words) -> object:
    return _sure(alerts.read(text, words, AlertSettings()))


def _sum(text: str, words: Words) -> object:
    read = sums.moved(text, COINS, "USDT", decimal_sign(words)).sure()
    return _sure(((read.holdings, read.every), read.problems))


def _kept(text: str, words: Words) -> object:
    read = sums.kept(text, COINS, "USDT", decimal_sign(words)).sure()
    return _sure(((read.holdings, read.every), read.problems))


def _holdings(text: str, words: Words) -> object:
    read = amounts.understood(text, COINS, "USDT", decimal_sign(words)).sure()
    return _sure((read.holdings, read.problems))


def _shares(text: str, _: Words) -> object:
    read = parsing.pairs(text, names.of_coins(COINS))
    return _sure((read.values, tuple(UserError(str(one)) for one in read.unknown(names.of_coins(COINS)))))


def _bands(text: str, _: Words) -> object:
    return _sure(parsing.bands(text, names.of_coins(COINS)))


def _hedge(text: str, words: Words) -> object:
    if hedge._closes(text.split(maxsplit=1)[0], words):
        return "closes"
    return hedge._fall(text) or _sure(hedge.read(text))


def _backtest(text: str, words: Words) -> object:
    return backtest_words.read(text, words, TODAY)


def _corrections(text: str, words: Words) -> object:
    return _sure(corrections(text, COINS, "USDT", decimal_sign(words)))


def _sure(read: tuple[Any, tuple[UserError, ...]]) -> object:
    if read[1]:
        raise read[1][0]
    return read[0]


#: what is typed, by what reads it: in English, and the same in each language
SAID: dict[str, tuple[Callable[[str, Words], object], str, dict[str, str]]] = {
    "weekday": (
        _schedule,
        "every monday at 9",
        {
            "es": "cada lunes a las 9",
            "ru": "каждый понедельник в 9",
            "pt_BR": "toda segunda às 9h",
            "tr": "her pazartesi saat 9'da",
            "zh": "每周一9点",
            "id": "setiap senin jam 9",
            "ar": "كل اثنين الساعة ٩",
        },
    ),
    "evening": (
        _schedule,
        "daily 20:00",
        {
            "es": "todos los días a las 8 de la noche",
            "ru": "каждый день в 8 вечера",
            "pt_BR": "todo dia às 8 da noite",
            "tr": "her gün akşam 8'de",
            "zh": "每天晚上8点",
            "id": "tiap hari jam 8 malam",
            "ar": "كل يوم الساعة 8 مساء",
        },
    ),
    "regular": (
        _schedule,
        "$2000 monthly",
        {
            "es": "2 mil dólares al mes",
            "ru": "2 тысячи долларов в месяц",
            "pt_BR": "2 mil dólares por mês",
            "tr": "2 bin dolar her ay",
            "zh": "每月2千美元",
            "id": "2 ribu dolar setiap bulan",
            "ar": "كل شهر 2 ألف دولار",
        },
    ),
    "end of the month": (
        _schedule,
        "monthly last",
        {
            "es": "a fin de mes",
            "ru": "в конце месяца",
            "pt_BR": "no fim do mês",
            "tr": "ay sonunda",
            "zh": "每月底",
            "id": "akhir bulan",
            "ar": "آخر الشهر",
        },
    ),
    "off": (
        _schedule,
        "off",
        {"es": "apagado", "ru": "выкл", "pt_BR": "desligado", "tr": "kapalı", "zh": "关闭", "id": "mati", "ar": "إيقاف"},
    ),
    "month": (
        _period,
        "March 2025",
        {
            "es": "marzo de 2025",
            "ru": "март 2025",
            "pt_BR": "março de 2025",
            "tr": "Mart 2025",
            "zh": "2025年3月",
            "id": "Maret 2025",
            "ar": "مارس ٢٠٢٥",
        },
    ),
    "yesterday": (
        _period,
        "yesterday",
        {"es": "ayer", "ru": "вчера", "pt_BR": "ontem", "tr": "dün", "zh": "昨天", "id": "kemarin", "ar": "أمس"},
    ),
    "last month": (
        _period,
        "last month",
        {
            "es": "el mes pasado",
            "ru": "прошлый месяц",
            "pt_BR": "mês passado",
            "tr": "geçen ay",
            "zh": "上个月",
            "id": "bulan lalu",
            "ar": "الشهر الماضي",
        },
    ),
    "30 days": (
        _period,
        "last 30 days",
        {
            "es": "últimos 30 días",
            "ru": "последние 30 дней",
            "pt_BR": "últimos 30 dias",
            "tr": "son 30 gün",
            "zh": "最近30天",
            "id": "30 hari terakhir",
            "ar": "آخر 30 يوما",
        },
    ),
    "from day to day": (
        _period,
        "2025-01-01 to 2025-03-31",
        {
            "es": "del 1 de enero al 31 de marzo de 2025",
            "ru": "с 1 января по 31 марта 2025",
            "pt_BR": "de 1 de janeiro a 31 de março de 2025",
            "tr": "1 Ocak 2025 - 31 Mart 2025",
            "zh": "2025年1月1日到2025年3月31日",
            "id": "1 Januari sampai 31 Maret 2025",
            "ar": "من 1 يناير 2025 إلى 31 مارس 2025",
        },
    ),
    "holdings": (
        _holdings,
        "0.5 BTC, 2 ETH",
        {
            "es": "0,5 bitcoin y 2 ether",
            "ru": "0,5 биткоина и 2 эфира",
            "pt_BR": "0,5 bitcoin e 2 ether",
            "tr": "0,5 bitcoin ve 2 ethereum",
            "zh": "0.5个比特币，2个以太坊",
            "id": "0,5 BTC dan 2 ETH",
            "ar": "٠٫٥ بيتكوين و٢ إيثريوم",
        },
    ),
    "all": (
        _sum,
        "all ADA",
        {"es": "todo ADA", "ru": "всё ADA", "pt_BR": "tudo ADA", "tr": "hepsi ADA", "zh": "全部ADA", "id": "semua ADA", "ar": "كل ADA"},
    ),
    "shares": (
        _shares,
        "BTC 60 ETH 40",
        {
            "es": "BTC 60 el resto ETH",
            "ru": "BTC 60 остальное ETH",
            "pt_BR": "60% BTC o resto ETH",
            "tr": "BTC %60 kalanı ETH",
            "zh": "比特币60%，其余以太坊",
            "id": "BTC 60 sisanya ETH",
            "ar": "بيتكوين ٦٠٪ الباقي إيثريوم",
        },
    ),
    "hedge": (
        _hedge,
        "50 20",
        {
            "es": "cubrir 50% si cae 20%",
            "ru": "покрыть 50% если упадет 20%",
            "pt_BR": "cobrir 50% se cair 20%",
            "tr": "kaybın %50'si %20 düşerse",
            "zh": "如果跌20%保护50%",
            "id": "lindungi 50% kalau turun 20%",
            "ar": "غط ٥٠٪ إذا هبط ٢٠٪",
        },
    ),
    "quiet": (
        _alerts,
        "quiet 22:00 8:00",
        {
            "es": "horas de silencio de 22:00 a 8:00",
            "ru": "тихие часы с 22:00 до 8:00",
            "pt_BR": "silêncio das 22h às 8h",
            "tr": "rahatsız etme 22:00'den 8:00'e",
            "zh": "免打扰 晚上10点到早上8点",
            "id": "jam tenang 22:00 sampai 8:00",
            "ar": "ساعات الهدوء من 22:00 إلى 8:00",
        },
    ),
}


def understood(text: str, words: Words, read: Callable[[str, Words], object]) -> object:
    """Return what a text is read as, as a command does it."""
    return own_words.either(characters.plain(text), words, lambda said: read(said, words))


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_read_in_every_language(language: str) -> None:
    """Days, times, periods, amounts, shares: as in English."""
    words, english = CATALOGUE.words(language), CATALOGUE.words(SOURCE)
    for about, (read, source, said) in SAID.items():
        assert understood(said[language], words, read) == read(source, english), (about, said[language])


@pytest.mark.parametrize("language", SOME)
def test_what_is_not_all_known_stays_refused(language: str) -> None:
    """A word of no list is never left out: what stands beside it may turn it round."""
    words = CATALOGUE.words(language)
    for read, _, said in SAID.values():
        for more in ("xyzzy", "ыъыъ", "謎謎"):
            with pytest.raises(UserError):
                understood(f"{said[language]} {more}", words, read)


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_dates_are_those_that_are_written(language: str) -> None:
    """Every month and weekday of CLDR, and a date as messages have it."""
    words = CATALOGUE.words(language)
    for width in ("wide", "abbreviated"):
        for at, name in words.locale.days["format"][width].items():
            assert understood(f"weekly {name}", words, _schedule) == {"freq": "weekly", "weekday": at}, name
        for at, name in words.locale.months["stand-alone"][width].items():
            assert understood(f"{name} 2025", words, _period) == report._period(f"2025-{at:02}", TODAY), name
    for day in (date(2025, 3, 24), date(2025, 5, 9), date(2025, 12, 1)):
        written = words.date(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        assert understood(written, words, _period) == report._period(day.isoformat(), TODAY), written


#: examples that are given in words, in English, and what reads them
EXAMPLES: tuple[tuple[str, Callable[[str, Words], object]], ...] = (
    *((one, _period) for one in ("March 2025", "2025-01-01 to 2025-03-31")),
    *((one, _alerts) for one in ("quiet 22:00 8:00", "quiet off", "review weekly 9:00", "review monthly", "review off", "remind off")),
    *((one, _corrections) for one in ("BTC 0.6", "SOL 0")),
    *((one, _sum) for one in ("0.1 BTC", "$2500", "2,500.50")),
    ("0.2 BTC", _kept),
)
#: what reads what stands behind a command
COMMANDS: dict[str, Callable[[str, Words], object]] = {
    "schedule": _schedule,
    "report": _period,
    "backtest": _backtest,
    "alerts": _alerts,
    "hedge": _hedge,
    "keep": _kept,
    "invest": _sum,
    "deposit": _sum,
    "withdraw": _sum,
    "bands": _bands,
    "targets": _shares,
}


def behind_commands(text: str, words: Words) -> list[object]:
    """Return what can be read behind each command of a text: the longest run of words that is understood."""
    found = []
    for command, rest in re.findall(r"/([a-z]+) ([^\n/]+)", text):
        typed = re.split(r"[.。]?\s+|(?<=\d)[.。]$", rest)[:8]
        for end in range(len(typed), 0, -1) if command in COMMANDS and "{" not in typed[0] else ():
            said = " ".join(typed[:end]).strip(" .,;:!()”“»«„。，")
            value = _tried(said, words, COMMANDS[command])
            if value is not None:
                found.append((command, value))
                break
    return found


@cache
def in_english(string: str) -> list[object]:
    """Return the same of a string itself."""
    return behind_commands(string, CATALOGUE.words(SOURCE))


def _tried(said: str, words: Words, read: Callable[[str, Words], object]) -> object | None:
    try:
        return understood(said, words, read) if said else None
    except (UserError, IndexError):
        return None


def runs_of(text: str, example: str) -> Iterator[str]:
    """Yield every run of a few words of a text that has the digits of an example, and no others."""
    typed = [word for word in re.split(r"[\s，。、：“”«»「」]+|[,;:](?=\s|$)|\.(?=\s|$)", text) if word]
    for first in range(len(typed)):
        for end in range(first + 1, min(first + 7, len(typed)) + 1):
            run = characters.plain(" ".join(typed[first:end]))
            if re.sub(r"\D", "", run) == re.sub(r"\D", "", example) or "年" in run:
                yield run


@pytest.mark.parametrize("language", SOME)
def test_every_example_that_is_given_is_understood(language: str) -> None:
    """An example in a translation is read in that language as the string's own is in English."""
    words, checked = CATALOGUE.words(language), 0
    for string, said in words.texts.single.items():
        for one in in_english(string):
            assert one in behind_commands(said, words), said
            checked += 1
        for example, read in EXAMPLES:
            if re.search(rf"(?<![\w.,]){re.escape(example)}(?![\w])", string) and re.search(r"(?i)\b(?:write|like|say)\b", string):
                meant = read(example, CATALOGUE.words(SOURCE))
                assert any(_tried(run, words, read) == meant for run in runs_of(said, example)), (example, said)
                checked += 1
    assert checked > 15


def test_a_new_language_brings_its_words_in_its_one_file(tmp_path: Path) -> None:
    """With nothing but a .po: its words and CLDR's days, months and dates are read behind commands."""
    lists = {"weekly": "par semaine, chaque semaine", "every": "chaque", "h": "heures, heure", "thousand": "mille", "and": "et"}
    entries = "".join(f'msgid "{own_words.MEANT[meant]}"\nmsgstr "{said}"\n\n' for meant, said in lists.items())
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "chatbot.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + entries, encoding="utf-8")
    words = Catalogue(tmp_path).words("fr")
    assert understood("chaque lundi 9 heures", words, _schedule) == {"freq": "weekly", "weekday": 0, "time": "09:00"}
    assert understood("5 mille par semaine", words, _schedule) == {"freq": "weekly", "invest": 5000}
    assert understood("février 2025", words, _period) == report._period("2025-02", TODAY)
    assert understood("0,5 BTC et 2 ETH", words, _holdings) == _holdings("0.5 BTC, 2 ETH", CATALOGUE.words(SOURCE))
