"""Hearing: whether a post that is addressed to nobody wants an answer that docs can give, or a person."""
