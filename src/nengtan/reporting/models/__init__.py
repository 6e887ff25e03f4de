"""What is kept of returns."""

from nengtan.reporting.models.checks import JointReview, Sampled, SpotCheck
from nengtan.reporting.models.cycles import TASKS, CycleSetting, OwnDeadline, Reminder
from nengtan.reporting.models.headers import HeaderSetting
from nengtan.reporting.models.publication import AnnualReport, NamingRule, Publication, ReportTemplate
from nengtan.reporting.models.returns import (
    KINDS,
    OWED,
    STATES,
    Explanation,
    Extension,
    Return,
    ReturnQuerySet,
    ReturnStep,
    Value,
    owed_months,
)
from nengtan.reporting.models.rules import RuleSetting, RuleTrial, RuleVersion
from nengtan.reporting.models.summaries import RegionReport

__all__ = [
    "KINDS",
    "OWED",
    "STATES",
    "TASKS",
    "AnnualReport",
    "CycleSetting",
    "Explanation",
    "Extension",
    "HeaderSetting",
    "JointReview",
    "NamingRule",
    "OwnDeadline",
    "Publication",
    "RegionReport",
    "Reminder",
    "ReportTemplate",
    "Return",
    "ReturnQuerySet",
    "ReturnStep",
    "RuleSetting",
    "RuleTrial",
    "RuleVersion",
    "Sampled",
    "SpotCheck",
    "Value",
    "owed_months",
]
