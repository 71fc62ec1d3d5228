"""How deep a plain JSON value nests; a loop, so that no depth can exhaust the reader's stack."""

from collections.abc import Iterable
from typing import Any

#: How deep a value may nest: far more than any field of any event does, far less than a reader's stack.
MAX_NESTING = 10


def is_deep(value: Any) -> bool:
    """Whether `value` (dicts, lists, scalars) nests deeper than `MAX_NESTING`."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [inner for one in level for inner in _inside(one)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
