"""Checking: whether a passage holds what a statement of the model says."""
