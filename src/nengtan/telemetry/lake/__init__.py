"""The lake: what meters said and what follows from it, in Delta tables of the data folder."""

from nengtan.telemetry.lake.tables import Lake, Table, open_lake

__all__ = ["Lake", "Table", "open_lake"]
