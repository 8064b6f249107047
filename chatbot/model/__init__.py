"""The frozen values that travel between chat, services, store and execution."""

from __future__ import annotations

from chatbot.model.alerts import AlertKind, AlertSettings, Ring
from chatbot.model.answering import Answering, AutoLimits, Stand, Unanswered
from chatbot.model.hedge import COVER, HEDGE_KINDS, MIN_VARIANCE, ROTATION, OpenHedge
from chatbot.model.message import Delivery, Message, Urgency, Verdict
from chatbot.model.people import Answer, Mode, Person, Role
from chatbot.model.plan import FuturesCost, LeftOut, Leg, LegKind, LegState, OrderState, Plan, PlanState, Reason
from chatbot.model.report import AssetExposure, ContractReading, ExposureReport, MovedTarget, StatusReport
from chatbot.model.shape import Check, LineReading, Problem, Shape
from chatbot.model.signal import FEAR_GREED, FUNDING_HIGH, FUNDING_LOW, TREND, VOLATILITY, Signal, TriggerSetting
from chatbot.model.strategy import ALT, CORE, FUTURES, NET, STABLE, BandRule, Portfolio, ScheduleRule, Strategy
from chatbot.model.tilt import TILT, OpenTilt

__all__ = [
    "ALT",
    "CORE",
    "COVER",
    "FEAR_GREED",
    "FUNDING_HIGH",
    "FUNDING_LOW",
    "FUTURES",
    "HEDGE_KINDS",
    "MIN_VARIANCE",
    "NET",
    "ROTATION",
    "STABLE",
    "TILT",
    "TREND",
    "VOLATILITY",
    "AlertKind",
    "AlertSettings",
    "Answer",
    "Answering",
    "AssetExposure",
    "AutoLimits",
    "BandRule",
    "Check",
    "ContractReading",
    "Delivery",
    "ExposureReport",
    "FuturesCost",
    "LeftOut",
    "Leg",
    "LegKind",
    "LegState",
    "LineReading",
    "Message",
    "Mode",
    "MovedTarget",
    "OpenHedge",
    "OpenTilt",
    "OrderState",
    "Person",
    "Plan",
    "PlanState",
    "Portfolio",
    "Problem",
    "Reason",
    "Ring",
    "Role",
    "ScheduleRule",
    "Shape",
    "Signal",
    "Stand",
    "StatusReport",
    "Strategy",
    "TriggerSetting",
    "Unanswered",
    "Urgency",
    "Verdict",
]
