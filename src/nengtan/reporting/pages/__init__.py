"""The page door of the statutory returns."""
