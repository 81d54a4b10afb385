"""Jobs: what goes on after the ack, and survives a crash."""
