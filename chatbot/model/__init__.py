"""The frozen values that travel between chat, services, store and execution."""

from __future__ import annotations

from chatbot.model.message import Delivery, Message, Urgency, Verdict
from chatbot.model.people import Answer, Mode, Person, Role
from chatbot.model.plan import LeftOut, Leg, LegKind, LegState, Plan, PlanState, Reason
from chatbot.model.report import AssetExposure, ContractReading, ExposureReport, StatusReport
from chatbot.model.shape import Check, LineReading, Problem, Shape
from chatbot.model.strategy import ALT, CORE, FUTURES, NET, STABLE, BandRule, Portfolio, ScheduleRule, Strategy

__all__ = [
    "ALT",
    "CORE",
    "FUTURES",
    "NET",
    "STABLE",
    "Answer",
    "AssetExposure",
    "BandRule",
    "Check",
    "ContractReading",
    "Delivery",
    "ExposureReport",
    "LeftOut",
    "Leg",
    "LegKind",
    "LegState",
    "LineReading",
    "Message",
    "Mode",
    "Person",
    "Plan",
    "PlanState",
    "Portfolio",
    "Problem",
    "Reason",
    "Role",
    "ScheduleRule",
    "Shape",
    "StatusReport",
    "Strategy",
    "Urgency",
    "Verdict",
]
