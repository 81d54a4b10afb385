"""The Slack side: it hears and posts. What it answers, it asks of `rag`."""
