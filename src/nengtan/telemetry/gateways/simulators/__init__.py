"""Meters and collectors that are none: for trying things out, and for tests. Each speaks as a real one does."""
