"""The printed forms (表样): what stands where on each of the eight, read back by heads and codes, sealed for return."""
