"""Words, numbers, money and times: each language as CLDR and its grammar write them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.i18n import Catalogue
from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.i18n import Words

CATALOGUE = Catalogue(ROOT / "locale")
NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
D = Decimal
NBSP, NARROW = "\u00a0", "\u202f"


def words(language: str, zone: str = "Etc/UTC", currency: str = "USD", rate: str = "1") -> Words:
    return CATALOGUE.words(language, zone, currency, rate=D(rate))


@pytest.mark.parametrize(
    ("language", "money", "whole", "percent", "signed", "price", "moment"),
    [
        ("en", "$98,412.07", "$98,412", "46.2%", "+6.2", "60,030.00", "24 Nov 2026, 14:05"),
        ("es", f"98.412,07{NBSP}US$", f"98.412{NBSP}US$", f"46,2{NBSP}%", "+6,2", "60.030,00", "24 nov 2026, 14:05"),
        (
            "ru",
            f"98{NBSP}412,07{NBSP}$",
            f"98{NBSP}412{NBSP}$",
            f"46,2{NBSP}%",
            "+6,2",
            f"60{NBSP}030,00",
            f"24 нояб. 2026{NARROW}г., 14:05",
        ),
        ("pt_BR", f"US${NBSP}98.412,07", f"US${NBSP}98.412", "46,2%", "+6,2", "60.030,00", "24 de nov. de 2026 14:05"),
        ("tr", "$98.412,07", "$98.412", "%46,2", "+6,2", "60.030,00", "24 Kas 2026 14:05"),
        ("id", "US$98.412,07", "US$98.412", "46,2%", "+6,2", "60.030,00", "24 Nov 2026 14.05"),
        ("zh", "US$98,412.07", "US$98,412", "46.2%", "+6.2", "60,030.00", "2026年11月24日 14:05"),
        (
            "ar",
            f"98,412.07{NBSP}US$",
            f"98,412{NBSP}US$",
            "46.2%",
            "+6.2",
            "60,030.00",
            "24/11/2026، 14:05",
        ),
    ],
)
def test_each_language_writes_numbers_its_own_way(
    language: str, money: str, whole: str, percent: str, signed: str, price: str, moment: str
) -> None:
    """Separators, signs, units and months are CLDR's."""
    said = words(language)
    assert said.money(D("98412.074")) == money
    assert said.money(D("98411.9"), 0) == whole
    assert said.percent(D("0.4618")) == percent
    assert said.signed(D("6.2")) == signed
    assert said.price(D(60030)) == price
    assert said.moment(NOW) == moment


@pytest.mark.parametrize(
    ("value", "price", "quantity"),
    [
        ("0.00001234", "0.00001234", "0.00001234"),
        ("149.923456", "149.923", "149.923456"),
        ("0.07310", "0.0731", "0.0731"),
        ("1200", "1,200.00", "1,200"),
        ("0", "0.00", "0"),
        ("-0.000000001", "−0.000000001", "0"),
        ("2998.50", "2,998.50", "2,998.5"),
    ],
)
def test_prices_and_quantities_keep_what_matters(value: str, price: str, quantity: str) -> None:
    """A price shows its step; an amount of coins shows no needless zeros."""
    assert words("en").price(D(value)) == price
    assert words("en").quantity(D(value)) == quantity


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=8))
def test_money_is_never_off_by_more_than_half_a_cent(value: Decimal) -> None:
    """What is shown, read back, is the value to the cent, in every language; and never minus zero."""
    for language in CATALOGUE.languages:
        point = words(language).number(0, 1)[1]
        shown = words(language).money(value)
        assert "-" not in shown, "the minus is a minus, not a hyphen"
        digits = "".join(char for char in shown.replace("−", "-") if char in "-0123456789" + point).replace(point, ".")
        assert abs(D(digits) - value) <= D("0.005")
        assert D(digits) != 0 or "-" not in digits


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 человек"),
        (2, "2 человека"),
        (5, "5 человек"),
        (11, "11 человек"),
        (21, "21 человек"),
        (22, "22 человека"),
        (112, "112 человек"),
        (1000, f"1{NBSP}000 человек"),
    ],
)
def test_russian_plurals(count: int, said: str) -> None:
    """One, few and many, with the teens as an exception and the number grouped."""
    assert words("ru").n("{count} person", "{count} people", count) == said


@pytest.mark.parametrize(("language", "one", "two"), [("en", "1 person", "2 people"), ("es", "1 persona", "2 personas")])
def test_other_plurals(language: str, one: str, two: str) -> None:
    """English and Spanish know one and many."""
    assert words(language).n("{count} person", "{count} people", 1) == one
    assert words(language).n("{count} person", "{count} people", 2) == two


def test_an_unknown_string_is_said_in_english() -> None:
    """A string without a translation is shown rather than lost."""
    assert words("ru").t("Nobody translated {this}", this="it") == "Nobody translated it"
    assert words("ru").n("{count} thing nobody knows", "{count} things nobody knows", 5) == "5 things nobody knows"


def test_hostile_parameters_are_text() -> None:
    """Braces and per cent signs in a name are never read as a format."""
    assert words("en").t("{name} is blocked.", name="{0}{name!r}%s") == "{0}{name!r}%s is blocked."


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("ES-mx", "es"), ("en-GB", "en"), ("xx", "en"), ("", "en"), (None, "en"), ("r", "en")],
)
def test_telegram_codes_find_their_language(code: str | None, language: str) -> None:
    """The nearest catalogue is taken, English where there is none."""
    assert CATALOGUE.match(code) == language


def test_unknown_language_and_zone_fall_back() -> None:
    """Stored settings that no longer exist do not break a message."""
    said = CATALOGUE.words("xx", "Nowhere/Atlantis")
    assert said.language == "en"
    assert said.time(NOW) == "14:05"
    assert CATALOGUE.words("en", "../../etc/passwd").time(NOW) == "14:05"


def test_times_are_in_the_persons_zone() -> None:
    """The zone moves the clock and, near midnight, the day."""
    late = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    assert words("en", "Europe/Moscow").moment(late) == "25 Nov 2026, 01:30"


def test_a_month_of_a_year_is_written_as_each_language_does() -> None:
    """The year stands in front in Chinese."""
    told = {code: CATALOGUE.words(code).month_of(2021, 9) for code in ("en", "es", "zh", "id")}
    assert told == {"en": "Sept 2021", "es": "sept 2021", "zh": "2021年9月", "id": "Sep 2021"}


def test_a_naive_time_is_refused() -> None:
    """A time without a zone is a programming error."""
    with pytest.raises(ValueError, match="naive"):
        words("en").time(datetime(2026, 11, 24))  # noqa: DTZ001 - on purpose


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (0, "0 sec", "0 с"),
        (4.9, "4 sec", "4 с"),
        (119, "119 sec", "119 с"),
        (120, "2 min", "2 мин"),
        (7200, "2 hr", "2 ч"),
        (200_000, "2 days", "2 дн."),
        (-3, "0 sec", "0 с"),
    ],
)
def test_ages(seconds: float, english: str, russian: str) -> None:
    """Ages are told in their largest sensible unit and never negative."""
    assert words("en").age(seconds).replace(NBSP, " ") == english
    assert words("ru").age(seconds).replace(NBSP, " ") == russian


@pytest.mark.parametrize(
    ("language", "minutes", "days"),
    [
        ("en", "5 minutes", "3 days"),
        ("pt_BR", "5 minutos", "3 dias"),
        ("tr", "5 dakika", "3 gün"),
        ("id", "5 menit", "3 hari"),
        ("zh", "5分钟", "3天"),
        ("ar", "5 دقائق", "3 أيام"),
    ],
)
def test_spans_have_a_unit_of_their_language(language: str, minutes: str, days: str) -> None:
    """Where CLDR has no long form, because it is the short one, that one is said and not the English word."""
    assert words(language).span(300) == minutes
    assert words(language).span(3 * 86_400) == days


def test_display_currency_converts() -> None:
    """Money is multiplied by the rate; a currency that is no fiat money is a number with its code."""
    assert words("en", currency="EUR", rate="0.9").money(D(100)) == "€90.00"
    assert words("en", currency="USDT").money(D("1234.5")) == "1,234.50 USDT"
    assert words("en", currency="BTC", rate="0.00001").money(D(1234)) == "0.01234 BTC"


def test_whoever_has_read_a_language_signs_it(tmp_path: Path) -> None:
    """The catalogue's last translator is its reader: no name, and the settings say that nobody has read it."""
    place = tmp_path / "eo" / "LC_MESSAGES"
    place.mkdir(parents=True)
    catalogue = (ROOT / "locale" / "es" / "LC_MESSAGES" / "chatbot.po").read_text(encoding="utf-8")
    (place / "chatbot.po").write_text(catalogue, encoding="utf-8")
    assert Catalogue(tmp_path).words("en").is_signed
    assert not Catalogue(tmp_path).words("eo").is_signed
    (place / "chatbot.po").write_text(catalogue.replace("FULL NAME <EMAIL@ADDRESS>", "Ludoviko"), encoding="utf-8")
    assert Catalogue(tmp_path).words("eo").is_signed


def test_a_language_loads_quickly() -> None:
    """Each catalogue takes under 20 ms on a quiet machine: 62 calls a sentence, counted, because a busy machine has no quiet clock."""
    made: list[str] = []

    def count(_: object, event: str, __: object) -> None:
        if event in ("call", "c_call"):
            made.append(event)

    for language in CATALOGUE.languages:
        fresh, before = Catalogue(ROOT / "locale"), sys.getprofile()
        made.clear()
        sys.setprofile(count)
        try:
            words = fresh.words(language)
        finally:
            sys.setprofile(before)
        sentences = len(words.texts.single) + len(words.texts.plural)
        assert len(made) < 500 + 90 * sentences, language
        assert made, "nothing was counted"


def test_words_do_not_load_pictures_or_chat() -> None:
    """The words of the program come without matplotlib and telegram."""
    code = "import sys, chatbot.i18n, chatbot.charts.labels; print(sorted({'matplotlib', 'telegram', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_languages_call_themselves_by_name() -> None:
    """The source language comes first."""
    assert CATALOGUE.languages == ("en", "ar", "es", "id", "pt_BR", "ru", "tr", "zh")
    assert [CATALOGUE.own_name(language) for language in CATALOGUE.languages] == [
        "English",
        "العربية",
        "Español",
        "Indonesia",
        "Português (Brasil)",
        "Русский",
        "Türkçe",
        "中文",
    ]
