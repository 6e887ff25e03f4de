"""Pages of carbon books."""
