"""What a year of an energy contract comes to, to the 分: from terms and facts to lines anybody can compute again."""
