"""Processes that meters and collectors talk to: each takes readings to the inbox and acknowledges after it."""
