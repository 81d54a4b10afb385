"""Playground: a Slack of our own on this machine, over real WebSockets and HTTP."""
