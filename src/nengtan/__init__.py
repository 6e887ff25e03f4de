"""nengtan (能碳): energy and carbon management of public institutions (公共机构)."""

__version__ = "0.1.0"
