"""From readings of cumulative registers (累计表底) to consumption: cleaning, intervals, statistics."""
