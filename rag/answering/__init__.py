"""Answering: retrieve, ask the model, cite."""
