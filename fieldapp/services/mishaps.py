"""Steps that must stop nobody: what comes after them goes on, and they are done again another time.

Owns that the operator hears of it. What was begun in the step is rolled back by whoever began it, inside.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from fieldapp.services.work import Busy


@contextmanager
def noted(step: str, **facts: str) -> Iterator[None]:
    """Go on behind the block whatever fails in it; the log tells it, unless it only was not its turn."""
    try:
        yield
    except Busy:
        return
    except Exception as error:  # noqa: BLE001 - a mistake of ours, whatever it is, must not stop everybody for ever
        structlog.get_logger().error(f"failed at {step}", exc_info=error, **facts)
