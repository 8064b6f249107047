"""Who talks to the bot and who works for them, how real the money is, and the exchange keys that they entrusted to it."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime  # noqa: TC003 - a field's type
from enum import StrEnum
from typing import Final

from chatbot.model.alerts import AlertSettings
from chatbot.model.stored_word import StoredWord
from chatbot.values import dataclass


class Mode(StrEnum):
    """How real a portfolio is; every message about money starts with its mark."""

    DEMO = "demo"
    PAPER = "paper"
    MANUAL = "manual"
    LIVE = "live"


class AnswerMode(StrEnum):
    """What a trigger does: ask with a plan card, only tell, or act inside limits."""

    ASK = "ask"
    NOTIFY = "notify"
    AUTO = "auto"


class Role(StrEnum):
    """What a person may do with this bot."""

    OPERATOR = "operator"
    MEMBER = "member"
    PENDING = "pending"
    BLOCKED = "blocked"


#: who may use the bot
LET_IN = frozenset({Role.OPERATOR, Role.MEMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who talks to the bot."""

    #: Telegram user id
    id: int
    chat_id: int
    name: str = ""
    role: Role = Role.PENDING
    #: catalogue language: en, es, ru
    language: str = "en"
    #: IANA time zone; UTC until the person has said where they live (``clock.UNKNOWN_ZONE``)
    zone: str = "UTC"
    #: display currency
    currency: str = "USD"
    #: the portfolio that commands speak of; None before the first
    portfolio_id: int | None = None
    #: the person blocked the bot: nothing is sent until they write again
    unreachable: bool = False
    alerts: AlertSettings = field(default_factory=AlertSettings)

    @property
    def is_let_in(self) -> bool:
        """Tell whether this person may use the bot; nobody else's portfolio is looked at or traded."""
        return self.role in LET_IN


#: people are divided into so many parts; a process works for some of them or for all
SHARES = 64


def share_of(person_id: int) -> int:
    """Return the share of a person, which is that of their private chat as well."""
    return person_id % SHARES


class ProcessKind(StrEnum):
    """What a process is there for."""

    RUN = "run"
    WEB = "web"
    WORKER = "worker"
    SENDER = "sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process that lives, for all that the server knows."""

    kind: ProcessKind
    #: the name of its machine, cut where it is long, and its number there
    host: str
    pid: int
    #: when it began, by its machine's clock
    since: datetime
    #: the shares of the people that it owns
    shares: frozenset[int] = frozenset()
    #: another one does what this one is for, and it waits for its turn
    stands_by: bool = False


def venue_of(exchange: str) -> str:
    """Return the exchange of a name: the same for real accounts (``binance``) and for its test accounts (``binance:demo``)."""
    return exchange.partition(":")[0]


def is_test(exchange: str) -> bool:
    """Tell whether a name is one of test accounts, in which no real money is."""
    return ":" in exchange


def is_own(exchange: str) -> bool:
    """Tell whether a name is that of a test exchange of our own, which stands beside the demo on the same machine."""
    return exchange.endswith(":own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An exchange key as its exchange made it; no part of it shows in a log line, a traceback or a test's output."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    #: the third part, which its person made up, where the exchange asks for one
    passphrase: str = field(default="", repr=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """Return all of it, which stands nowhere else."""
        return tuple(part for part in (self.secret, self.api_key, self.passphrase) if part)


class KeyProblem(StoredWord):
    """What is wrong with an exchange key or the account behind it."""

    #: the exchange does not know it, or it was deleted there
    NOT_ACCEPTED = "not_accepted"
    #: the secret does not belong to it
    FOREIGN_SECRET = "foreign_secret"  # noqa: S105 - a name for what is wrong with one
    #: it may be used from other addresses only
    OTHER_ADDRESS = "other_address"
    EXPIRED = "expired"
    #: it may take money out of the exchange
    MAY_WITHDRAW = "may_withdraw"
    MAY_NOT_READ = "may_not_read"
    #: the exchange did not answer, or answered nonsense
    UNREACHABLE = "unreachable"
    #: the exchange serves nobody at the address of this machine
    NOT_SERVED = "not_served"
    #: not every account that Ballast needs is there, or one of them is of a kind that it does not know
    OLD_ACCOUNT = "old_account"
    HEDGE_MODE = "hedge_mode"
    #: contracts have a margin of their own each
    ISOLATED = "isolated"
    #: other coins carry the futures positions
    MULTI_ASSETS = "multi_assets"
    #: one margin for everything, by the exchange's own model of risk
    PORTFOLIO_MARGIN = "portfolio_margin"
    #: something is owed to the exchange
    BORROWED = "borrowed"
    #: this machine's clock is off
    CLOCK = "clock"
    EXPIRES_SOON = "expires_soon"
    ANY_ADDRESS = "any_address"
    NO_SPOT = "no_spot"
    NO_FUTURES = "no_futures"
    #: whether it may withdraw cannot be asked
    WITHDRAW_UNKNOWN = "withdraw_unknown"


#: with one of these a key is not kept
REFUSING: Final = frozenset(
    {
        KeyProblem.NOT_ACCEPTED,
        KeyProblem.FOREIGN_SECRET,
        KeyProblem.OTHER_ADDRESS,
        KeyProblem.EXPIRED,
        KeyProblem.MAY_WITHDRAW,
        KeyProblem.MAY_NOT_READ,
        KeyProblem.UNREACHABLE,
        KeyProblem.NOT_SERVED,
    }
)
#: these say nothing of the key: what was known of it stands
SAYS_NOTHING: Final = frozenset({KeyProblem.UNREACHABLE, KeyProblem.NOT_SERVED})


#: with one of these nothing is traded with a key
UNFIT: Final = REFUSING | {
    KeyProblem.OLD_ACCOUNT,
    KeyProblem.HEDGE_MODE,
    KeyProblem.ISOLATED,
    KeyProblem.MULTI_ASSETS,
    KeyProblem.PORTFOLIO_MARGIN,
    KeyProblem.BORROWED,
    KeyProblem.CLOCK,
    KeyProblem.NO_SPOT,
}

#: with one of these a plan under way sends no more: a clock that is off is set by the exchange's with every request
STOPPING: Final = UNFIT - SAYS_NOTHING - {KeyProblem.CLOCK, KeyProblem.NO_SPOT}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """What an exchange said of a key; None wherever it did not."""

    at: datetime
    problems: tuple[KeyProblem, ...] = ()
    reads: bool | None = None
    trades_spot: bool | None = None
    trades_futures: bool | None = None
    withdraws: bool | None = None
    #: it works from named addresses only
    is_bound: bool | None = None
    #: seconds that this machine's clock is ahead of the exchange's
    off_s: float | None = None
    expires_at: datetime | None = None
    #: coins found, spot and futures wallet, as (where, coin, amount)
    found: tuple[tuple[str, str, str], ...] = ()
    #: the exchange's own number of the account, or sub-account, behind it: two keys of one account tell the same; empty: it does not say
    account: str = ""

    def unfit(self, *, futures: bool) -> tuple[KeyProblem, ...]:
        """Return what speaks against trading with it, with futures or without."""
        wrong = UNFIT | ({KeyProblem.NO_FUTURES} if futures else set())
        return tuple(problem for problem in self.problems if problem in wrong)

    def stops(self, now: datetime, *, spot: bool, futures: bool) -> bool:
        """Tell whether nothing is sent with it any more: it ended, lost a right that is needed, gained one that is refused."""
        wrong = STOPPING | ({KeyProblem.NO_SPOT} if spot else set()) | ({KeyProblem.NO_FUTURES} if futures else set())
        return not wrong.isdisjoint(self.problems) or (self.expires_at is not None and self.expires_at <= now)

    @property
    def is_refused(self) -> bool:
        """Tell whether a new key with such a report is not kept."""
        return not REFUSING.isdisjoint(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeKey:
    """An exchange key as it is listed: everything but the key."""

    id: int
    person_id: int
    exchange: str
    #: last characters of its public half
    shown: str
    added_at: datetime
    report: KeyReport
    #: nobody can open it any more: its master key is gone
    is_lost: bool = False
    #: last characters of another key of the same account whose place it has just taken; told once, and no part of the row
    replaced: str = ""

    @property
    def is_test(self) -> bool:
        """Tell whether it is one of a test account, in which no real money is."""
        return is_test(self.exchange)

    @property
    def account(self) -> str:
        """Return what names the account behind it among those of all exchanges; empty where its exchange does not say."""
        return f"{self.exchange}:{self.report.account}" if self.report.account else ""
