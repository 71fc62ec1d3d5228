"""Whatever can happen between phones and server, in any order: the state machine of `tests/sync`, at length."""

import logging
from pathlib import Path

from tests.conftest import make_template
from tests.faults.outcome import Outcome
from tests.sync.machine import play
from tests.sync.stage import stage

#: What is worth telling of the many things that happen.
TOLD = {
    "steps": "steps", "restores": "restores from a backup", "rescues": "rescue files", "answers, held": "held",
    "answers, quarantined": "quarantined", "answers, retry": "asked for again",
}  # fmt: skip


def run(folder: Path, times: int) -> Outcome:
    """So many plays, other ones each time; the first that breaks a promise ends them, and says how to repeat it."""
    outcome = Outcome("everything in any order, other plays each time")
    logging.disable(logging.WARNING)
    with stage(folder, make_template(folder / "template")) as made:
        try:
            seen = play(made, times, is_random=True)
        except AssertionError as broken:
            outcome.problems.append("\n".join([str(broken), *getattr(broken, "__notes__", ())]))
            return outcome
        finally:
            logging.disable(logging.NOTSET)
    outcome.times, outcome.facts, outcome.confirmed = seen["plays"], seen["written"], seen["promised"]
    outcome.figures = {words: str(seen[what]) for what, words in TOLD.items()}
    return outcome
