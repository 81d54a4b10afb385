"""Slack: the wire and its failures; knows no question."""
