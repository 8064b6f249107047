"""The commands: what each is called, what the "/" menu says about it, and under which heading /help lists it.

Which function answers a command stands in ``bot.py``; each has a file of its own in ``commands``, and a line in the README.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chatbot.i18n import N_
from handlers.chat.reading.own_words import W_


class Group(StrEnum):
    """A heading of /help."""

    PORTFOLIO = "portfolio"
    STRATEGY = "strategy"
    CONTROL = "control"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; ``description`` is a msgid, short, because Telegram refuses menus of more than about 4 kB in all."""

    name: str
    description: str
    group: Group


#: headings of /help, msgids
GROUPS = {
    Group.PORTFOLIO: N_("Portfolio"),
    Group.STRATEGY: N_("Strategy"),
    Group.CONTROL: N_("Control"),
    Group.OPERATOR: N_("Operator"),
}

#: the menu, in its order
COMMANDS: tuple[Command, ...] = (
    Command(name="start", description=N_("Set up a portfolio"), group=Group.CONTROL),
    Command(name="status", description=N_("Value, weights, drift, exposure"), group=Group.PORTFOLIO),
    Command(name="rebalance", description=N_("Make a plan now"), group=Group.PORTFOLIO),
    Command(name="exposure", description=N_("Spot and futures together, liquidation, funding"), group=Group.PORTFOLIO),
    Command(name="hedge", description=N_("Open, see and close a hedge"), group=Group.PORTFOLIO),
    Command(name="deposit", description=N_("Money or coins that came in"), group=Group.PORTFOLIO),
    Command(name="withdraw", description=N_("Money or coins that went out"), group=Group.PORTFOLIO),
    Command(name="invest", description=N_("Invest money where it is missing"), group=Group.PORTFOLIO),
    Command(name="why", description=N_("Why the bot acts or does nothing"), group=Group.PORTFOLIO),
    Command(name="history", description=N_("Past plans and their results"), group=Group.PORTFOLIO),
    Command(name="review", description=N_("What trading and each trigger brought"), group=Group.PORTFOLIO),
    Command(name="report", description=N_("Trades, gains and fees as a file"), group=Group.PORTFOLIO),
    Command(name="backtest", description=N_("What a strategy would have done"), group=Group.STRATEGY),
    Command(name="targets", description=N_("Strategy and target weights"), group=Group.STRATEGY),
    Command(name="keep", description=N_("Keep a quantity of a coin out"), group=Group.STRATEGY),
    Command(name="bands", description=N_("How far a line may drift"), group=Group.STRATEGY),
    Command(name="triggers", description=N_("What volatility, trend, funding and fear do"), group=Group.STRATEGY),
    Command(name="schedule", description=N_("Rebalance by the calendar"), group=Group.STRATEGY),
    Command(name="mode", description=N_("Ask, only tell, or act alone within limits"), group=Group.STRATEGY),
    Command(name="alerts", description=N_("Which alerts ring, how loudly, and quiet hours"), group=Group.CONTROL),
    Command(name="portfolios", description=N_("All portfolios: switch, rename, close"), group=Group.CONTROL),
    Command(name="connect", description=N_("Connect an exchange by a key"), group=Group.CONTROL),
    Command(name="keys", description=N_("Your exchange keys and their state"), group=Group.CONTROL),
    Command(name="disconnect", description=N_("Remove an exchange key"), group=Group.CONTROL),
    Command(name="live", description=N_("Trade with real money, within limits"), group=Group.CONTROL),
    Command(name="pause", description=N_("Stop all portfolios"), group=Group.CONTROL),
    Command(name="resume", description=N_("Start them again"), group=Group.CONTROL),
    Command(name="panic", description=N_("Cancel orders, close all futures, stop"), group=Group.CONTROL),
    Command(name="settings", description=N_("Language and time zone"), group=Group.CONTROL),
    Command(name="privacy", description=N_("Everything I know of you: as a file, or deleted"), group=Group.CONTROL),
    Command(name="help", description=N_("Help, topic by topic"), group=Group.CONTROL),
    Command(name="cancel", description=N_("Leave a dialog"), group=Group.CONTROL),
    Command(name="users", description=N_("Who may use this bot"), group=Group.OPERATOR),
    Command(name="health", description=N_("How every part of the bot stands"), group=Group.OPERATOR),
    Command(name="broadcast", description=N_("Write to everybody"), group=Group.OPERATOR),
    Command(name="halt", description=N_("Stop all trading now, for everybody"), group=Group.OPERATOR),
    Command(name="unhalt", description=N_("Let trading go on"), group=Group.OPERATOR),
)


def visible_to(*, operator: bool) -> tuple[Command, ...]:
    """Return the commands of a person's menu."""
    return tuple(command for command in COMMANDS if operator or command.group is not Group.OPERATOR)


#: what the pages are called on buttons, msgids: another word for their command
TITLES = {
    "start": N_("Start"),
    "status": N_("Status"),
    "rebalance": N_("Rebalance"),
    "exposure": N_("Exposure"),
    "hedge": N_("Hedge"),
    "why": N_("Why?"),
    "history": N_("History"),
    "review": N_("Review"),
    "report": N_("Report"),
    "backtest": N_("Backtest"),
    "targets": N_("Targets"),
    "bands": N_("Bands"),
    "triggers": N_("Triggers"),
    "schedule": N_("Schedule"),
    "alerts": N_("Alerts"),
    "portfolios": N_("Portfolios"),
    "settings": N_("Settings"),
    "help": N_("Help"),
    "pause": N_("Pause"),
    "resume": N_("Resume"),
}
#: what people write instead of a command's name, msgids: words with commas between them
ALSO_CALLED = {
    "pause": W_("stop, stop it, stop everything, stop trading"),
    "status": W_("balance, my balance, portfolio, my portfolio, holdings, my holdings, what do I have"),
    "deposit": W_("add money, add funds, top up"),
    "withdraw": W_("take out, cash out, withdrawal"),
    "invest": W_("invest money"),
    "keep": W_("reserve, set aside, hold back"),
    "settings": W_("language, change language, time zone, change time zone"),
    "help": W_("commands, what can you do"),
    "history": W_("past plans, my trades"),
    "privacy": W_("my data, delete my data"),
}
#: what people write where a button waits to be tapped, a msgid: words with commas between them
ANSWER_WORDS = W_(
    "yes, no, ok, okay, sure, yep, nope, confirm, I agree, done, all done, that is right, correct, skip, nothing changed, unchanged"
)
#: commands that only show something as long as nothing stands behind them: a button may stand for one
SHOWN_BY_BUTTON = TITLES.keys() - {"pause", "resume"} | {
    "mode",
    "keep",
    "panic",
    "privacy",
    "users",
    "health",
    "connect",
    "keys",
    "disconnect",
    "live",
}
#: commands that take what is written behind them
TAKE_WORDS = frozenset(
    {
        "targets",
        "keep",
        "bands",
        "triggers",
        "schedule",
        "alerts",
        "mode",
        "hedge",
        "deposit",
        "withdraw",
        "invest",
        "live",
        "report",
        "backtest",
        "broadcast",
    }
)
