"""Live metering: from what meters say to what was used."""
