"""How far long work is: a bar on a terminal, now and then a line in a log, nothing for what is soon done."""

import gc
import os
import pty
import sys

from fieldapp.cli.long_work import long_work


def test_a_log_is_told_now_and_then(capsys):
    with long_work("importing", 8, every=0) as progress:
        for _ in range(4):
            progress(2)
    assert capsys.readouterr().err.splitlines() == [f"importing: {percent} %" for percent in (25, 50, 75, 99)]


def test_what_is_soon_done_says_nothing_to_a_log(capsys):
    with long_work("importing", 0) as progress:
        progress(2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_bar(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with long_work("importing", 2) as progress:
            progress(2)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "importing" in told
    assert "100%" in told


def test_the_collector_is_as_before_afterwards():
    before = gc.get_threshold()
    with long_work("importing", 1):
        assert gc.get_threshold() != before
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
