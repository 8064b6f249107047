"""Numbers in words, in digits: half a bitcoin, a thousand dollars, dos mil quinientos, двести пятьдесят, полтора эфира."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.chat import numbers
from handlers.chat.names import Names

#: nothing of this is the name of a coin
NO_NAMES = Names()
_TEN, _TWENTY, _HUNDRED, _THOUSAND = 10, 20, 100, 1000


def _counted(words: str, first: int = 1, step: int = 1) -> dict[str, int]:
    """Return words that count up; what has a stroke in it is said in several ways."""
    return {word: first + at * step for at, ways in enumerate(words.split()) for word in ways.split("/")}


#: what stands for one number below a thousand
_SMALL = (
    _counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen", 0)
    | _counted("sixteen seventeen eighteen nineteen", 16)
    | _counted("twenty thirty forty/fourty fifty sixty seventy eighty ninety", 20, 10)
    | _counted("cero uno/un/una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince", 0)
    | _counted("dieciséis/dieciseis diecisiete dieciocho diecinueve veinte veintiuno/veintiún/veintiun/veintiuna veintidós/veintidos", 16)
    | _counted("veintitrés/veintitres veinticuatro veinticinco veintiséis/veintiseis veintisiete veintiocho veintinueve", 23)
    | _counted("treinta cuarenta cincuenta sesenta setenta ochenta noventa cien/ciento", 30, 10)
    | _counted("doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas quinientos/quinientas", 200, 100)
    | _counted("seiscientos/seiscientas setecientos/setecientas ochocientos/ochocientas novecientos/novecientas", 600, 100)
    | _counted("ноль/нуль один/одна/одно/одну/одного/одной два/две/двух три/трёх/трех четыре/четырёх/четырех пять/пяти", 0)
    | _counted("шесть/шести семь/семи восемь/восьми девять/девяти десять/десяти одиннадцать/одиннадцати двенадцать/двенадцати", 6)
    | _counted("тринадцать/тринадцати четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать", 13)
    | _counted("двадцать/двадцати тридцать/тридцати сорок/сорока пятьдесят/пятидесяти шестьдесят/шестидесяти", 20, 10)
    | _counted("семьдесят восемьдесят девяносто сто/ста", 70, 10)
    | _counted("двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот", 200, 100)
)
#: what stands for so many of the number before it, or for one of it
_LARGE = (
    dict.fromkeys(("hundred", "hundreds"), _HUNDRED)
    | dict.fromkeys(("thousand", "thousands", "mil", "тысяча", "тысячи", "тысяч", "тысячу", "тыща", "тыщи", "тыщу", "тыщ"), _THOUSAND)
    | dict.fromkeys(("сотня", "сотни", "сотен", "сотню"), _HUNDRED)
    | dict.fromkeys(("million", "millions", "millón", "millon", "millones", "миллион", "миллиона", "миллионов"), 1_000_000)
)
#: words that join two parts of one number, each with the largest part that may stand behind it
_JOINS = {"and": _HUNDRED, "y": _TEN}
#: one of what is large: a thousand
_ARTICLES = ("a", "an")
_ENGLISH_LARGE = ("hundred", "thousand", "million")
_WORD = re.compile(r"[^\W\d_]+")
_RUN_ON = (" ", "  ", "-")
_BETWEEN = re.compile(r"[^\S\n]+|-")
#: not a number: "once a week" says how often, and so do "dos veces" and "один раз"
_OFTEN = re.compile(r"\s+(?:vez|veces|раза?|times?)(?!\w)")
_ONCE = re.compile(r"\s+(?:an?|per|every|each|in)(?!\w)")
#: no word may go on behind a number, and no digits
_RUNS_ON = re.compile(r"\w|[^\S\n]{0,3}\d")
#: so many signs before a word are looked at
_NEAR = 6
_BEGINS = frozenset((*_SMALL, *_LARGE, *_ARTICLES))
_ONE_TO_TWELVE = "|".join(sorted((word for word, value in _SMALL.items() if 1 <= value <= 12), key=len, reverse=True))
#: whole numbers with a half behind them
_AND_A_HALF = re.compile(
    rf"(?i)(?<![\w.,])(?P<n>\d+|{_ONE_TO_TWELVE})(?P<noun> (?!(?:and|y|с)\b)[^\W\d]+(?= y))?"
    r" (?:and a half(?: an?)?|y medi[oa]|с половиной)(?!\w)"
)
#: the article too: un 20% is no 1 20%
_BEFORE_DIGITS = re.compile(r"(?i)(?:(?<![^\W\d])(?:an?|una?)|(?<=[^\W\d]))\s+(?=\d)")
_PER_CENT = re.compile(r"(?i)(?<=\d)\s*(?:%|per ?cent|por ciento|процент\w*)(?!\w)")
#: thousands and what is below them: 2 mil 500
_THOUSANDS = re.compile(
    r"(?i)(?P<before>[^\W\d]\w*)?(?P<gap>[\s:=]{0,3})(?<![\w.,])(?P<thousands>\d{1,3}) ?(?:mil|thousand|тысяч[аиу]?|тыс\.?)"
    r" (?P<rest>\d{3})(?![\w%]|[.,]\d)"
)
#: two and a half thousand
_HALF_THOUSANDS = re.compile(
    rf"(?i)(?<![\w.,])(?:\d+|{_ONE_TO_TWELVE}) (?:and a half thousand|mil y medio|с половиной тысяч[аиу]?)(?!\w)"
    r"|(?<!\w)полтор[аы] тысяч[аиу]?(?!\w)"
)
#: parts of one
_PARTS = tuple(
    (re.compile(rf"(?i)\b(?:{said})"), digits)
    for said, digits in (
        (r"half (?:an?|one)\b", "0.5"),
        (r"(?:a |one )?quarter of an?\b", "0.25"),
        (r"half(?= [^\W\d])(?! of)", "0.5"),
        (r"(mill[oó]n|mil) y medio\b", r"1.5 \1"),
        (r"medi[oa]\b", "0.5"),
        (r"un cuarto de\b", "0.25"),
        (r"(?:la )?mitad de una?\b", "0.5"),
        (r"three quarters of an?\b|tres cuartos de\b|три четверти\b", "0.75"),
        (r"(?:полтор[аы]|полутора)\b", "1.5"),
        (r"половин[ауы]\b|пол\b|пол-?(?=биткоин|биткойн|битк|эфир|миллион|тысяч|пункт|процент)", "0.5 "),
        (r"четверть\b", "0.25"),
        # slang: ten pieces of money are ten thousand
        (r"(\d+) штук[иа]?(?= (?:долл|бакс|зел[её]н))", r"\1 тыс"),
    )
)


def as_figures(text: str) -> str:
    """Return what a setting is set to, where coins are not spoken of, in digits: ten per cent as 10%, 2½ and two and a half as 2.5."""
    said = _PER_CENT.sub("%", in_digits(_BEFORE_DIGITS.sub("\n", numbers.in_decimals(text))))
    return _PER_CENT.sub("%", " ".join(whole(word) for word in said.split()))  # two numbers side by side are two


def in_digits(text: str, names: Names = NO_NAMES) -> str:
    """Return a text with its numbers and halves in digits; a word that names a coin stays one."""
    text = _AND_A_HALF.sub(lambda match: f"{_SMALL.get(match['n'].casefold(), match['n'])}.5{match['noun'] or ''}", text)
    for pattern, digits in _PARTS:
        text = pattern.sub(digits, text)
    return _THOUSANDS.sub(lambda said: _added(said, names), whole(text, names))


def _added(said: re.Match[str], names: Names) -> str:
    """Return thousands and what is below them as one number; behind a name they may be two: USDT 2 mil 500 SOL."""
    if said["before"] and names.find(said["before"]):
        return said[0]
    return f"{said['before'] or ''}{said['gap']}{int(said['thousands']) * _THOUSAND + int(said['rest'])}"


def amounts_apart_from_times(text: str) -> str:
    """Return a text with its whole numbers and its thousands in digits, where a half may be one of an hour: a las 7 y media."""
    said = _HALF_THOUSANDS.sub(lambda thousands: in_digits(thousands[0]), text)
    return _THOUSANDS.sub(lambda thousands: _added(thousands, NO_NAMES), whole(said))


def whole(text: str, names: Names = NO_NAMES) -> str:
    """Return a text with its whole numbers in digits: for times of day, where a half is one of an hour."""
    words, done, at, begun = list(_WORD.finditer(text)), "", 0, 0
    said = [word[0].casefold() for word in words]
    while at < len(words):
        value, end = _number(text, words, said, at, names) if said[at] in _BEGINS else (0, at)
        is_apart = not done or text[begun : words[at].start()] not in _RUN_ON  # one five hundred is no 1 500
        if end > at and is_apart:
            done += text[begun : words[at].start()] + str(value)
            begun = words[end - 1].end()
        at = max(end, at + 1)
    return done + text[begun:]


@dataclass(slots=True)
class _Count:
    """A number that is being put together, from its largest part to its smallest."""

    total: int = 0
    #: below the next thousand or million
    part: int = 0
    #: what comes next must be smaller: a part, and a word that multiplies
    room: int = _THOUSAND
    scale: int = 10**9

    def add(self, value: int) -> bool:
        """Add what a word stands for; False where it belongs to no number that began so."""
        if value >= self.room or (value == 0 and (self.part or self.total)):
            return False
        self.part += value
        self.room = _HUNDRED if value % _HUNDRED == 0 and value else _TEN if value % _TEN == 0 and value >= _TWENTY else 1
        return True

    def multiply(self, factor: int) -> bool:
        """Multiply by a word like thousand; False where a smaller one came before it."""
        if factor == _HUNDRED and self.part < _HUNDRED:  # fifteen hundred
            self.part, self.room = (self.part or 1) * _HUNDRED, _HUNDRED
            return True
        if factor == _HUNDRED or factor >= self.scale:
            return False
        self.total += (self.part or 1) * factor
        self.part, self.room, self.scale = 0, _THOUSAND, factor
        return True


def _number(text: str, words: list[re.Match[str]], said: list[str], first: int, names: Names) -> tuple[int, int]:
    """Return the number that begins with a word, and the place behind its last one; the place of the word itself: it begins none."""
    count, end, at = _Count(), first, first
    if said[at] in _ARTICLES and said[at + 1 : at + 2] and said[at + 1] in _ENGLISH_LARGE and _is_joined(text, words, at):
        at += 1
    if not _may_begin(text, words[at], said[at]):
        return 0, first
    while at < len(words) and names.find(words[at][0]) is None and _takes(count, said[at]):
        at += 1
        end = at
        if at == len(words) or not _is_joined(text, words, at - 1):
            break
        if said[at] in _JOINS and at + 1 < len(words) and _is_joined(text, words, at):
            following = _SMALL.get(said[at + 1], _THOUSAND)
            at += following < _JOINS[said[at]] and following < count.room
    if end == first or _RUNS_ON.match(text, words[end - 1].end()) or _says_how_often(text, words[end - 1]):
        return 0, first
    return count.total + count.part, end


def _takes(count: _Count, word: str) -> bool:
    if word in _SMALL:
        return count.add(_SMALL[word])
    return word in _LARGE and count.multiply(_LARGE[word])


def _may_begin(text: str, word: re.Match[str], said: str) -> bool:
    """Tell whether a number may begin here: not in a longer word, nor in "por ciento", nor behind digits: 10 mil, or two numbers."""
    before = text[max(0, word.start() - _NEAR) : word.start()]
    return not (re.search(r"[\w-]\Z|\d[^\S\n]*\Z", before) or (said.startswith("cien") and re.search(r"(?i)por \Z", before)))


def _is_joined(text: str, words: list[re.Match[str]], at: int) -> bool:
    return _BETWEEN.fullmatch(text[words[at].end() : words[at + 1].start()]) is not None


def _says_how_often(text: str, last: re.Match[str]) -> bool:
    return bool(_OFTEN.match(text, last.end()) or (last[0].casefold() == "once" and _ONCE.match(text, last.end())))
