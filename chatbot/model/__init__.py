"""The frozen values that travel between chat, services, store and execution."""

from __future__ import annotations

from chatbot.model.alerts import AlertKind, AlertSettings, Ring
from chatbot.model.answering import Answering, AnswerPolicy, AutoLimits, NotAlone, Unanswered
from chatbot.model.figures import Check, HeldBack, KeptOut, LineReading, Outcome, PortfolioFigures, Problem
from chatbot.model.flow import Flow, FlowKind
from chatbot.model.hedge import COVER, HEDGE_KINDS, MIN_VARIANCE, ROTATION, OpenHedge
from chatbot.model.message import Delivery, Message, MessageKind, Urgency, Verdict
from chatbot.model.people import LET_IN, AnswerMode, Mode, Person, Role
from chatbot.model.plan import (
    STOPPED,
    UNDER_WAY,
    UNSETTLED,
    DecidedBy,
    FuturesCost,
    HeldTarget,
    LeftOut,
    LeftOutWhy,
    Leg,
    LegKind,
    LegState,
    OrderState,
    Plan,
    PlanHalt,
    PlanState,
    Reason,
)
from chatbot.model.report import AssetExposure, ContractReading, ExposureReport, MovedTarget, Performance, PortfolioRow, StatusReport
from chatbot.model.signal import Signal, TriggerSetting
from chatbot.model.strategy import ALT, CORE, FUTURES, NET, STABLE, BandRule, Portfolio, ScheduleRule, Strategy
from chatbot.model.tilt import OpenTilt
from chatbot.model.trigger_info import INFO, Cause, Effect, Phase, TriggerInfo

__all__ = [
    "ALT",
    "CORE",
    "COVER",
    "FUTURES",
    "HEDGE_KINDS",
    "INFO",
    "LET_IN",
    "MIN_VARIANCE",
    "NET",
    "ROTATION",
    "STABLE",
    "STOPPED",
    "UNDER_WAY",
    "UNSETTLED",
    "AlertKind",
    "AlertSettings",
    "AnswerMode",
    "AnswerPolicy",
    "Answering",
    "AssetExposure",
    "AutoLimits",
    "BandRule",
    "Cause",
    "Check",
    "ContractReading",
    "DecidedBy",
    "Delivery",
    "Effect",
    "ExposureReport",
    "Flow",
    "FlowKind",
    "FuturesCost",
    "HeldBack",
    "HeldTarget",
    "KeptOut",
    "LeftOut",
    "LeftOutWhy",
    "Leg",
    "LegKind",
    "LegState",
    "LineReading",
    "Message",
    "MessageKind",
    "Mode",
    "MovedTarget",
    "NotAlone",
    "OpenHedge",
    "OpenTilt",
    "OrderState",
    "Outcome",
    "Performance",
    "Person",
    "Phase",
    "Plan",
    "PlanHalt",
    "PlanState",
    "Portfolio",
    "PortfolioFigures",
    "PortfolioRow",
    "Problem",
    "Reason",
    "Ring",
    "Role",
    "ScheduleRule",
    "Signal",
    "StatusReport",
    "Strategy",
    "TriggerInfo",
    "TriggerSetting",
    "Unanswered",
    "Urgency",
    "Verdict",
]
