"""Query understanding: what a question is searched for by, and what it asks that is not for the docs."""
