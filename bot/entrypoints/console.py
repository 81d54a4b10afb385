"""The `milvusfaq` script, also `python -m bot.entrypoints.console` where the package is not installed.

What takes time is imported when a signal can end it quietly.
"""

from bot.entrypoints.signals import as_usual, end_at_once


def main() -> None:
    """Run the command line."""
    end_at_once()
    from bot.entrypoints.cli import main as run_command  # noqa: PLC0415 - half a second

    as_usual()
    run_command()


if __name__ == "__main__":
    main()
