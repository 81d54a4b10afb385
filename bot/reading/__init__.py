"""Reading: what a person sees in a message, as the text of a question or a turn; pure."""
