"""The report: what was asked in a time, what could not be answered, what the docs should say."""
