"""What a programme of faults brought to light."""

from dataclasses import dataclass, field

from tests.faults.judge import Verdict


@dataclass
class Outcome:
    """One line of the summary. `figures` is what was measured, in words; `skipped` says why nothing was done."""

    fault: str
    times: int = 0
    facts: int = 0
    confirmed: int = 0
    lost: int = 0
    duplicate: int = 0
    ghost: int = 0
    figures: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    skipped: str = ""

    def take(self, verdict: Verdict) -> None:
        """Add a verdict's counts and problems."""
        for name in ("facts", "confirmed", "lost", "duplicate", "ghost"):
            setattr(self, name, getattr(self, name) + getattr(verdict, name))
        self.problems += verdict.problems
