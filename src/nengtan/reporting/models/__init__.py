"""What is kept of returns."""

from nengtan.reporting.models.returns import Explanation, Extension, Return, ReturnQuerySet, ReturnStep, Value
from nengtan.reporting.models.rules import RuleSetting, RuleTrial, RuleVersion

__all__ = [
    "Explanation",
    "Extension",
    "Return",
    "ReturnQuerySet",
    "ReturnStep",
    "RuleSetting",
    "RuleTrial",
    "RuleVersion",
    "Value",
]
