"""What a building would have used: baseline models of measured use against weather."""
