"""Payloads that phones wrote under an older version (`v`), read as if written today.

Owns which versions there are and the steps from each to the next: pure functions from plain JSON values to plain JSON
values. What a phone queued is never rewritten: the stored bytes stay those that it hashed, only reading goes through
here.

To change the form of a payload: raise `current`, add the step from the last version, keep every step for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fieldapp.domain.errors import Invalid

#: From one version to the next; the result names its own version in `v`.
Step = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Versions:
    """The version that is written today, and the step that leads away from each older one."""

    current: int
    steps: Mapping[int, Step] = field(default_factory=lambda: MappingProxyType({}))

    def upcast(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload in today's form. Raises `Invalid` version_unknown for one that no step leads away from, newer
        ones included."""
        found = dict(payload)
        while (version := found.get("v")) != self.current:
            if type(version) is not int or version not in self.steps:
                raise Invalid("version_unknown", version=str(version)[:20], current=str(self.current))
            found = {**self.steps[version](found), "v": version + 1}
        return found


VERSIONS = Versions(current=1)
