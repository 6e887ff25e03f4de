"""Spreadsheet files: read with suspicion (`reader`), written for people (`writer`), faults in words (`wording`)."""
