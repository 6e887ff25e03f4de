"""The functional core: pure, typed functions over numbers. No Django, no files, no clock, no network."""
