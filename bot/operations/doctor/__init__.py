"""The doctor: one line for each thing that the bot stands on, with what to do where it does not do."""
