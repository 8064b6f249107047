"""/connect, /keys and /disconnect: exchange keys, given by a form of the bot's own or, where it has no address, in the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.exchanges.live.venues import has_passphrase
from chatbot.keyring import CHAT_DIALOG, Refused
from chatbot.model import Credentials, Mode, Plan
from handlers.chat.context import answer, reply, show
from handlers.chat.typed_keys import can_be_heard, halves, heard, is_like_one, unsay
from handlers.views.person import keys as views
from handlers.views.person.key_guides import GUIDES, OWN
from handlers.views.plan import real_money

if TYPE_CHECKING:
    from typing import Any

    from telegram import Update

    from chatbot.model import ExchangeKey
    from handlers.chat.context import Context

DIALOG = CHAT_DIALOG
#: in place of an exchange: the first page, where the button was
_FROM = "start"


async def connect(update: Update, context: Context) -> None:
    """Offer the exchanges, or tell how a key is made at the chosen one and how it is given."""
    context.about = None
    exchange = context.tapped.arg if update.callback_query is not None else context.rest.strip().casefold()
    keyring, back = context.program.keyring, exchange if exchange == _FROM else ""
    if not keyring.is_open:
        await show(update, context, views.closed(context.words, demo=context.program.mode is Mode.DEMO, back=back))
    elif exchange not in (there := offered(context)) and len(there) > 1:
        await show(update, context, views.choice(context.words, there, has_keys=bool(await keyring.of(context.person)), back=back))
    elif base := context.program.settings.public_url:
        await show(
            update, context, views.guide(context.words, exchange, f"{base}/key/{await keyring.offer_form(context.person, exchange)}")
        )
    elif own := context.program.own_exchange:
        await show(update, context, views.guide(context.words, own.name, key=own.key, others=False))
    else:
        await show(update, context, views.guide(context.words, exchange))


def offered(context: Context) -> tuple[str, ...]:
    """Return the exchanges that may be connected, real ones first: in the demo the one on this machine alone, which nothing leaves."""
    own = context.program.own_exchange
    return tuple(one for one in GUIDES if not one.endswith(OWN)) if own is None else (own.name,)


async def key_here(update: Update, context: Context) -> None:
    """Ask for a key in the chat; from now on its updates are stored without their text."""
    exchange = context.tapped.arg
    if not context.program.keyring.is_open or context.program.settings.public_url or exchange not in offered(context):
        await connect(update, context)
        return
    await context.enter(DIALOG, dict(context.program.keyring.question(exchange)))
    own = context.program.own_exchange
    await show(update, context, views.ask(context.words, exchange, key=own.key if own is not None else ""))


async def typed(update: Update, context: Context, data: dict[str, Any]) -> None:
    """Take a key that was sent into the chat: its message goes first, whatever it holds."""
    deleted = await unsay(update, context)
    if not can_be_heard(context, update.update_id):
        await reply(update, context, views.unheard(context.words, deleted=deleted))
        return
    exchange = str(data["exchange"])
    credentials = _credentials(heard(context, update.update_id), third=has_passphrase(exchange))
    if credentials is None:
        await reply(update, context, views.unreadable(context.words, exchange, deleted=deleted))
        return
    await context.leave(DIALOG)
    await reply(update, context, views.checking(context.words, exchange, deleted=deleted))
    outcome = await context.program.keyring.connect(context.person, exchange, credentials)
    if isinstance(outcome, Refused):
        await reply(update, context, views.refused(context.words, outcome.exchange, outcome.shown, outcome.report))
    else:
        await reply(update, context, views.card(context.words, outcome, context.program.clock.now(), new=True))


async def unheard(update: Update, context: Context) -> None:
    """Answer a message whose text was kept aside, for a question that is no longer open or because it was like a key; delete it."""
    said = views.unasked if is_like_one(heard(context, update.update_id)) else views.unheard
    await context.leave(DIALOG)
    await reply(update, context, said(context.words, deleted=await unsay(update, context)))


def _credentials(text: str, *, third: bool) -> Credentials | None:
    """Return the two halves of a key as they stand in a text, and a ``third`` part after them; None where they are not all there."""
    last = text.split()[-1:] if third else []
    found = [half for half in halves(text) if half not in last]
    if len(found) != 2 or len(last) != third:
        return None
    return Credentials(api_key=found[0], secret=found[1], passphrase="".join(last))


async def keys(update: Update, context: Context) -> None:
    """List the person's keys."""
    context.about = None
    keyring = context.program.keyring
    await show(update, context, views.listed(context.words, await keyring.of(context.person), can_connect=keyring.is_open))


async def key(update: Update, context: Context) -> None:
    """Show one key, as its exchange spoke of it last."""
    await _card(update, context, await _meant(context))


async def key_check(update: Update, context: Context) -> None:
    """Ask the exchange again."""
    found = await _meant(context)
    await _card(update, context, await context.program.keyring.look(context.person, found.id) if found is not None else None)


async def _card(update: Update, context: Context, found: ExchangeKey | None) -> None:
    view = views.card(context.words, found, context.program.clock.now()) if found is not None else views.gone(context.words)
    await show(update, context, view)


async def disconnect(update: Update, context: Context) -> None:
    """Ask which key, and whether it shall really go."""
    context.about = None
    keyring = context.program.keyring
    theirs = await keyring.of(context.person)
    if update.callback_query is not None and context.tapped.arg:
        found = await _meant(context)
        await show(update, context, views.remove_offer(context.words, found) if found is not None else views.gone(context.words))
    elif len(theirs) == 1:
        await show(update, context, views.remove_offer(context.words, theirs[0]))
    else:
        await show(
            update, context, views.which(context.words, theirs) if theirs else views.listed(context.words, (), can_connect=keyring.is_open)
        )


async def disconnect_yes(update: Update, context: Context) -> None:
    """Delete the key; a plan that was begun with it is ended first, so that no order of it is left there."""
    context.about = None
    found = await context.program.keyring.remove(context.person, _number(context))
    if isinstance(found, Plan):
        await answer(update, context, real_money.stop_first(context.words, found), alert=True)
    else:
        await show(update, context, views.removed(context.words, found) if found is not None else views.gone(context.words))


async def _meant(context: Context) -> ExchangeKey | None:
    context.about = None
    number = _number(context)
    return next((one for one in await context.program.keyring.of(context.person) if one.id == number), None)


def _number(context: Context) -> int:
    return int(context.tapped.arg) if context.tapped.arg.isdecimal() else 0
