"""Frames of meters and collectors as bytes: reading them never fails otherwise than by `errors.BadFrame`."""
