"""Text: terms, vocabulary, vectors of parts, splitting and language; pure."""
