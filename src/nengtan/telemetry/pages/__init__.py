"""Pages of metering."""
