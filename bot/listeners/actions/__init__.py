"""Actions: what people press."""
