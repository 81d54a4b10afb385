"""Posting: messages appear in Slack, grow and go."""
