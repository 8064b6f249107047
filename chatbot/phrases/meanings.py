"""What can be said without a command: which words together mean which command, and what is written behind it."""

from __future__ import annotations

from typing import Final

from chatbot.values import dataclass

#: what stands for a number, a per cent sign, a coin and cash in a sentence; and for two different ones, which no meaning takes
NUMBER, NUMBERS, SHARE, COIN, COINS, CASH = "number", "numbers", "share", "coin", "coins", "cash"
#: says that something is not to be done: no command that acts is ever meant by such a sentence
NOT: Final = "not"
#: a word of the field that /help explains begins so in the lists: term_drift
TERM: Final = "term_"
#: how often, as /schedule reads it, and the words for it in the lists
HOW_OFTEN: Final = ("daily", "weekly", "monthly", "quarterly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One way to say one thing."""

    command: str
    #: words that must all be there
    needs: frozenset[str]
    #: others that may be there too; a sentence with any word beside these means something else
    may: frozenset[str]
    #: it only shows something, so it is answered at once
    reads: bool
    #: what is written behind the command: the names in braces are the sentence's own
    behind: str = ""


def _said(command: str, ways: str, may: str, *, reads: bool = True, behind: str = "") -> tuple[Meaning, ...]:
    """Return the ways to say one thing: words with semicolons between the ways."""
    also = frozenset(may.split())
    return tuple(
        Meaning(command=command, needs=frozenset(way.split()), may=also, reads=reads, behind=behind)
        for way in ways.split(";")
        if way.strip()
    )


#: says that a price goes down
FALLS: Final = "drop"
_TIME, _ASKED = "now past", "what how show"
#: what may stand in a question about what is there, and about what was done
_OF_MINE = f"{_ASKED} {_TIME} portfolio have doing all coin coins cash"
_WHY = f"why what not {_TIME} sell sold buy bought trade rebalance rebalanced hedge do coin coins cash all plan portfolio "
_WHY += "doing stop keep close reduce invest"

#: every way; of two that fit equally well the first one wins
MEANINGS: Final[tuple[Meaning, ...]] = (
    # what is there
    *_said(
        "status",
        "how doing; how portfolio; portfolio; what have; how have; show doing; doing portfolio; show have; how money; what money",
        f"{_OF_MINE} money",
    ),
    *_said(
        "exposure",
        "exposure; liquidation; how liquidation; when liquidation; show liquidation; near liquidation",
        f"{_ASKED} {_TIME} have portfolio pay",
    ),
    *_said(
        "exposure", "how term_leverage; how term_funding; show term_leverage; show term_funding", f"{_ASKED} {_TIME} have portfolio pay"
    ),
    # what was done, and why
    *_said("why", "why do; why sell; why buy; why trade; why sold; why bought; why rebalanced; why not; why plan", _WHY),
    *_said("why", "why rebalance past; why hedge past; why stop past", _WHY),
    *_said("why", "what do; why past; why reduce; why close past; why doing; why invest past; what doing", _WHY),
    *_said("why", "why sold coin; why bought coin; why sell coin; why buy coin; why trade coin; why reduce coin", _WHY, behind="{coin}"),
    *_said(
        "why",
        "should rebalance; should trade; should sell; should buy; should do; when rebalance; when trade; what next",
        f"{_WHY} should when next",
    ),
    *_said(
        "history",
        "history; show trade; what past; what past do; past do; past trade; past rebalance; past sell; past buy; past hedge; sold; bought",
        f"{_ASKED} when {_TIME} all coin coins plan do trade portfolio",
    ),
    *_said("history", "rebalanced", f"{_ASKED} when {_TIME} all portfolio"),
    *_said("review", "review; profit; how lose; how past doing; worth_it", f"{_ASKED} {_TIME} portfolio all have trade doing money"),
    *_said("report", "report", f"{_ASKED} {_TIME} need all"),
    *_said("backtest", "backtest", f"{_ASKED} {_TIME} strategy portfolio if past"),
    # what if
    *_said("hedge", "if drop number; drop number lose", f"{_ASKED} coin lose portfolio share doing have money {_TIME}", behind="{number}"),
    # pages on which something can be changed
    *_said("triggers", "trigger", f"{_ASKED} all change have why"),
    *_said("bands", "change term_band; show term_band; how term_band", f"{_ASKED} change all"),
    *_said("targets", "strategy; target", f"{_ASKED} change all have portfolio {_TIME}"),
    *_said("alerts", "alert; stop less", f"{_ASKED} stop change all less {_TIME}"),
    *_said("schedule", "schedule", f"{_ASKED} when change rebalance"),
    *_said("mode", "mode; trade alone; rebalance alone; do alone; ask_first", f"{_ASKED} change trade all plan"),
    *_said("settings", "settings; language; zone", f"{_ASKED} change"),
    *_said("portfolios", "portfolios; change portfolio; close portfolio; delete portfolio", f"{_ASKED} all have change close delete"),
    *_said("keys", "key; exchange", f"{_ASKED} change all have"),
    *_said("connect", "connect; connect exchange; connect key; deposit key; deposit exchange", _ASKED),
    *_said("disconnect", "delete key; delete exchange; stop key; stop exchange; disconnect", f"{_ASKED} exchange key all"),
    *_said("privacy", "data", f"{_ASKED} delete all have"),
    *_said("live", "live; trade live", f"{_ASKED} change money"),
    *_said("keep", "kept", f"{_ASKED} all coin coins"),
    *_said("help", "help; what can_do; how can_do; show can_do", f"{_ASKED} all need do"),
    *_said("hedge", "hedge; hedge drop", "portfolio drop coin need all futures how show"),
    # what changes money or settings is asked about first
    *_said("rebalance", "rebalance; need plan; do plan; do rebalance; trade now", "portfolio all plan do need now coins", reads=False),
    *_said("invest", "invest number; put number; need invest number", "cash money portfolio now in", reads=False, behind="{money}"),
    *_said(
        "invest",
        "invest all; put all money; invest all money; put all cash; put all in",
        "cash money portfolio now in",
        reads=False,
        behind="all",
    ),
    *_said(
        "keep",
        "keep number coin; put aside number coin; not_touch number coin; aside number coin",
        "portfolio aside need alone",
        reads=False,
        behind="{number} {coin}",
    ),
    *_said(
        "keep",
        "keep all coin; put aside all coin; aside all coin; not_touch coin; keep alone coin",
        "aside all portfolio need",
        reads=False,
        behind="all {coin}",
    ),
    *_said("deposit", "deposit number", f"cash money portfolio now in exchange past {_TIME}", reads=False, behind="{money}"),
    *_said("deposit", "deposit number coin", f"portfolio now in exchange past {_TIME}", reads=False, behind="{number} {coin}"),
    *_said("withdraw", "withdraw number", f"cash money portfolio now exchange past {_TIME}", reads=False, behind="{money}"),
    *_said("withdraw", "withdraw number coin", f"portfolio now exchange past {_TIME}", reads=False, behind="{number} {coin}"),
    *_said(
        "pause",
        "stop; stop trade; stop rebalance; not_touch all; not_touch do",
        f"all now do portfolio rebalance trade {_TIME}",
        reads=False,
    ),
    *_said("resume", "resume; resume trade; resume rebalance", "all now do portfolio trade rebalance", reads=False),
    *_said("panic", "sell all; close all; panic; close futures", "all now portfolio futures trade panic coins have", reads=False),
    *_said("hedge", "close hedge; stop hedge; delete hedge", "all now portfolio futures", reads=False, behind="close"),
    *(
        one
        for often in HOW_OFTEN
        for one in (
            *_said("schedule", f"rebalance {often}", "portfolio all", reads=False, behind=often),
            *_said(
                "schedule", f"invest number {often}; put number {often}", "cash money portfolio in", reads=False, behind="{money} " + often
            ),
        )
    ),
)

#: what is asked of a word of the field: what is it, why is it, what does it mean
EXPLAINS: Final = frozenset({"what", "why", "how", "mean", "show", "do", "need", "have"})

#: which commands are near to what was said, by single words; for a sentence that is not understood
NEAR: Final[dict[str, tuple[str, ...]]] = {
    "sell": ("targets", "rebalance", "panic"),
    "buy": ("invest", "targets", "rebalance"),
    "invest": ("invest", "deposit", "schedule"),
    "put": ("invest", "keep", "deposit"),
    "money": ("invest", "deposit", "withdraw"),
    "cash": ("invest", "deposit", "withdraw"),
    "keep": ("keep", "targets", "status"),
    "aside": ("keep",),
    "rebalance": ("rebalance", "schedule", "why"),
    "plan": ("rebalance", "history", "why"),
    "trade": ("rebalance", "history", "mode"),
    "stop": ("pause", "panic", "alerts"),
    "resume": ("resume", "status"),
    "close": ("hedge", "portfolios", "panic"),
    "drop": ("hedge", "exposure", "panic"),
    "hedge": ("hedge", "exposure"),
    "futures": ("exposure", "hedge", "targets"),
    "exposure": ("exposure", "hedge"),
    "liquidation": ("exposure", "hedge", "alerts"),
    "profit": ("review", "status", "report"),
    "lose": ("hedge", "review", "exposure"),
    "deposit": ("deposit", "invest"),
    "withdraw": ("withdraw", "panic"),
    "alert": ("alerts", "triggers"),
    "schedule": ("schedule", "invest"),
    "strategy": ("targets", "backtest", "bands"),
    "target": ("targets", "bands"),
    "why": ("why", "history", "review"),
    "portfolio": ("status", "portfolios", "targets"),
    "coin": ("status", "targets", "keep"),
    "key": ("keys", "connect", "disconnect"),
    "exchange": ("connect", "keys", "disconnect"),
    "language": ("settings",),
    "delete": ("portfolios", "disconnect", "privacy"),
    "report": ("report", "history"),
    "history": ("history", "report", "review"),
    "backtest": ("backtest", "review"),
    "mode": ("mode", "live", "alerts"),
    "live": ("live", "mode", "connect"),
    "trigger": ("triggers", "why", "alerts"),
    **dict.fromkeys(HOW_OFTEN, ("schedule", "invest")),
}
#: for a sentence of which nothing is known
ALWAYS: Final = ("status", "why", "help")
