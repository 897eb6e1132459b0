"""What the log says of an exception that nobody expected."""

import sys
import traceback


def internal_error() -> str:
    """Write where an exception came from, and nothing of what it says: that may hold anything."""
    kind, _, trace = sys.exc_info()
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-3:]]
    return f"Internal error: {kind.__name__ if kind else 'unknown'} at {' < '.join(reversed(places))}"
