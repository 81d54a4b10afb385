"""Listeners: what Slack sends is read, accepted on disk and acknowledged."""
