"""This package is where a question finds its passages: from words to a query, from candidates to an order."""
