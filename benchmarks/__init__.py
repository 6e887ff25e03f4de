"""How fast the ledger is, measured against named baselines in one run: ``python -m benchmarks --help``."""
