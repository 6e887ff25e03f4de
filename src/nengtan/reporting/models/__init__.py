"""What is kept of returns."""

from nengtan.reporting.models.returns import Explanation, Extension, Return, ReturnQuerySet, ReturnStep, Value

__all__ = ["Explanation", "Extension", "Return", "ReturnQuerySet", "ReturnStep", "Value"]
