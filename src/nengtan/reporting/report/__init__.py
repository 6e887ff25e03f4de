"""The annual analysis report of a region: read from approved returns, put into words, written as Word and PDF."""
