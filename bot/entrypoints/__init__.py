"""Entry points: the command line, and where all parts are built."""
