"""The ledger (台账): facts, evidence, factor versions, closed years, and the sums kept of them."""

from nengtan.ledger.models.closing import FrozenFactor, YearClosing
from nengtan.ledger.models.factors import FactorVersion
from nengtan.ledger.models.facts import ActivityFact, Evidence, ImportBatch, Origin
from nengtan.ledger.models.sums import InstitutionYear, RegionBooks, RegionRollup

__all__ = [
    "ActivityFact",
    "Evidence",
    "FactorVersion",
    "FrozenFactor",
    "ImportBatch",
    "InstitutionYear",
    "Origin",
    "RegionBooks",
    "RegionRollup",
    "YearClosing",
]
