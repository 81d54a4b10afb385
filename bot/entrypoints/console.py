"""The `milvusfaq` script: what takes time is imported when a signal can end it quietly."""

from bot.entrypoints.signals import as_usual, end_at_once


def main() -> None:
    """Run the command line."""
    end_at_once()
    from bot.entrypoints.cli import main as run_command  # noqa: PLC0415 - half a second

    as_usual()
    run_command()
