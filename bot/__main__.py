"""The bot as a process: `python -m bot`."""

from bot.entrypoints.commands.serve import run

if __name__ == "__main__":
    run()
