"""Benchmarks, and what learns from question files: each is a script, `python -m benchmarks.NAME`."""
