"""Answering: one attempt at one question, from admission to its end."""
