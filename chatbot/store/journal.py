"""The journal under one name: what was proposed, decided, sent and heard, before and after it was acted on."""

from chatbot.store.events import Event, add_alert, add_event, events, finish_update, record_update, unfinished_updates
from chatbot.store.orders import Attempt, OrderState, add_order, order, orders, save_order, unsettled_orders
from chatbot.store.plans import (
    PlanOpen,
    add_plan,
    decide,
    drop_legs,
    expire_due,
    open_plan,
    plan,
    plans,
    save_after,
    save_leg,
    set_card,
    set_state,
    under_way,
)

__all__ = [
    "Attempt",
    "Event",
    "OrderState",
    "PlanOpen",
    "add_alert",
    "add_event",
    "add_order",
    "add_plan",
    "decide",
    "drop_legs",
    "events",
    "expire_due",
    "finish_update",
    "open_plan",
    "order",
    "orders",
    "plan",
    "plans",
    "record_update",
    "save_after",
    "save_leg",
    "save_order",
    "set_card",
    "set_state",
    "under_way",
    "unfinished_updates",
    "unsettled_orders",
]
