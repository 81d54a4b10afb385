"""The bot as a process: `python -m bot`."""

from bot.entrypoints.signals import end_at_once

if __name__ == "__main__":
    end_at_once()

    from bot.entrypoints.commands.serve import run

    run()
