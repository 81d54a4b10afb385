"""Text: what the bot says, understands and must not keep; pure."""
