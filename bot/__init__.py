"""The Slack side: it hears and posts. What it answers, it asks of `rag`."""

__version__ = "0.2.0.dev0"
