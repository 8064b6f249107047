"""What the demo page itself says, in every language of the catalogue; the bot's words come with its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_

if TYPE_CHECKING:
    from chatbot.i18n import Catalogue

#: by the name that the page has for it; of a scene and of a note, by the name that the program has
WORDS: Final = {
    "pitch": N_("Keeps a crypto portfolio balanced over spot and futures, and acts only after you confirm, or inside limits that you set."),
    "market": N_("Market clock"),
    "try": N_("Try this"),
    "tryStart": N_("choose a strategy"),
    "tryStatus": N_("weights, drift, exposure"),
    "tryRebalance": N_("a plan to confirm"),
    "tryTriggers": N_("what moves the targets"),
    "tryHedge": N_("what protection costs and pays"),
    "tryWhy": N_("what the last check saw"),
    "keys": N_("Type / for the menu. ↑ in an empty field brings your last message back."),
    "private": N_("Nothing leaves this machine"),
    "what": N_("What can this bot do?"),
    "start": N_("Start"),
    "lost": N_("Connection lost, trying again…"),
    "edited": N_("edited"),
    "typing": N_("typing…"),
    "bot": N_("bot"),
    "connecting": N_("connecting…"),
    "message": N_("Message"),
    "send": N_("Send"),
    "menu": N_("Commands"),
    "newest": N_("To the newest"),
    "picture": N_("Open the picture"),
    "whole": N_("Show all"),
    "hidden": N_("Show the hidden text"),
    "skip": N_("To the message field"),
    "close": N_("Close"),
    "copied": N_("Copied"),
    "chat": N_("Chat with the bot"),
    "language": N_("Language"),
    "you": N_("you"),
    "note_simulated": N_("Made-up prices"),
    "note_replay": N_("Recorded prices"),
    "stage": N_("Make something happen"),
    "stageHint": N_(
        "It happens in the made-up market, within a minute; a plan that waits for your answer comes first. "
        "With a portfolio open, the bot tells you what it makes of it."
    ),
    "moved": N_("The market was moved forward to {moment}."),
    "slow_answer": N_("Plan {plan} waits for your answer. Until then the market runs at real speed."),
    "slow_plan": N_("Plan {plan} is being carried out. Until it is done the market runs slower."),
    "then": N_("After that: {scene}."),
    "waits_answer": N_("I wait until plan {plan} is answered, then: {scene}."),
    "waits_plan": N_("I wait until plan {plan} is done, then: {scene}."),
    "majors_jump": N_("Bitcoin and Ether jump"),
    "majors_jump_is": N_("They rise by 40% in four hours: BTC/ETH leaves its band."),
    "alts_fall": N_("Altcoins fall"),
    "alts_fall_is": N_("All but BTC and ETH lose a third in six hours: a Balanced portfolio's ALT leaves its band."),
    "wild_week": N_("Volatility doubles"),
    "wild_week_is": N_("Prices swing five times as far: at the next daily reading the volatility trigger cuts coins back."),
    "five_waves": N_("A trend wears out"),
    "five_waves_is": N_("Five waves up, then a first fall: at the next daily bar the trend trigger proposes to trim long futures."),
    "cheap_longs": N_("Funding turns negative"),
    "cheap_longs_is": N_("Three settlements below −0.01%: a Conservative portfolio's futures go up a step."),
    "dear_longs": N_("Funding runs hot"),
    "dear_longs_is": N_("Three settlements above 0.05%: an Aggressive portfolio's net long is halved."),
    "panic": N_("Extreme fear"),
    "panic_is": N_("Fear & Greed falls below 25: a Balanced portfolio's futures go neutral."),
    "relief": N_("Fear fades"),
    "relief_is": N_("Two readings above 30: after extreme fear, the futures come back."),
    "plunge": N_("Everything plunges"),
    "plunge_is": N_(
        "All coins lose 28% in six hours. Long futures at three times leverage come within 10% of liquidation; the presets run at one time."
    ),
    "squeeze": N_("Everything shoots up"),
    "squeeze_is": N_(
        "All coins gain 24% in six hours. Short futures at three times leverage, such as a large hedge, come within 10% of liquidation."
    ),
    "today": N_("Today"),
}


def in_every_language(catalogue: Catalogue) -> list[dict[str, object]]:
    """Return each language as the page wants it: Telegram's code, its own name, its direction, and the words."""
    return [_in(catalogue, language) for language in catalogue.languages]


def _in(catalogue: Catalogue, language: str) -> dict[str, object]:
    words = catalogue.words(language)
    return {
        "code": words.tag.lower(),
        "tag": words.tag,
        "name": catalogue.own_name(language),
        "direction": words.direction,
        "words": {name: words.bare(said) for name, said in WORDS.items()},
    }
