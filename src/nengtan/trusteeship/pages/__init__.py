"""Pages of contracts and settlements."""
