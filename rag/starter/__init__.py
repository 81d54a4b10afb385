"""The starter FAQ, written by us, and the embedded model: what the first run needs, without a download."""
