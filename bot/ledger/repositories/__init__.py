"""Repositories: a file for each kind of row in the ledger."""
