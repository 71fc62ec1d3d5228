"""Whatever happens between phones and server, in any order: nothing is lost, doubled or invented (design: sync.md).

`make faults` plays 500, other ones each time (`FIELDAPP_TEST_PLAYS=500` does so here).
"""

import os

import pytest

from tests.sync.machine import play
from tests.sync.stage import stage

PLAYS = int(os.environ.get("FIELDAPP_TEST_PLAYS", "60"))


@pytest.fixture
def made(tmp_path, _template):
    with stage(tmp_path, _template) as found:
        yield found


def test_whatever_happens_every_fact_is_stored_exactly_once(made):
    seen = play(made, PLAYS, is_random=PLAYS > 60)
    # A machine that does nothing finds nothing.
    for what in ("restores", "answers, held", "answers, quarantined", "answers, retry", "pushes, late", "rescues"):
        assert seen[what], what
