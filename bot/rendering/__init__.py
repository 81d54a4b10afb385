"""Rendering: values become Block Kit; pure."""
