"""The probe of a container: `python -m bot.operations.probe` ends with 0 while the bot beside it is ready.

It imports nothing but the standard library: it is run every few seconds. No proxy stands between it and the bot.
"""

from __future__ import annotations

import os
import sys
import urllib.request

ANYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 - a comparison
WITHIN_S = 4.0


def main() -> None:
    """Ask /readyz at OPERATIONS_PORT; end with 1 and a word where it is not ready, or nobody answers."""
    port, host = os.environ.get("OPERATIONS_PORT", "0"), os.environ.get("OPERATIONS_HOST", "")
    port = os.environ.get("PORT", "0") if port == "PORT" else port
    if port == "0":
        sys.exit("OPERATIONS_PORT is not set: nobody can be asked.")
    host = "127.0.0.1" if host in ANYWHERE else f"[{host}]" if ":" in host else host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://{host}:{port}/readyz", timeout=WITHIN_S).close()
    except OSError as error:  # urllib's own errors are such too
        sys.exit(f"not ready: {error}")


if __name__ == "__main__":
    main()
