"""docs/examples/create_day.py does what docs/api.md says of it, run as its reader would run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import serving

EXAMPLES = Path(__file__).resolve().parents[2] / "docs/examples"


@pytest.fixture
def run(app, program):
    """`run(orders)`: the script on a live server whose clock stands still in October 2026."""
    token = program("visits:write").token

    def act(file):
        with serving(app) as server:
            return subprocess.run(
                [sys.executable, EXAMPLES / "create_day.py", server, file], capture_output=True, text=True, timeout=60,
                env={**os.environ, "FIELDAPP_TOKEN": token, "NO_PROXY": "*"},
            )  # fmt: skip

    return act


def test_a_day_of_another_system_s_orders_is_there_afterwards_and_once(run, program):
    for _ in range(2):
        done = run(EXAMPLES / "orders-2026-10-15.json")
        assert (done.returncode, done.stdout, done.stderr) == (0, "3 of 3 orders are in fieldapp\n", "")
    found = program("visits:read", name="reader").get("/visits?from=2026-10-15&to=2026-10-15").json["items"]
    assert [(one["external_id"], one["job_type"], one["technician"]) for one in found] == [
        ("SO-48211", "install", "T001"), ("SO-48212", "repair", "T001"), ("SO-48213", "move", None),
    ]  # fmt: skip
    assert found[2]["charges"] == [{"label": "Deposit", "amount": "50.50"}]
    assert all(one["rev"] == 1 for one in found)


def test_what_is_refused_is_named_and_the_rest_is_there(run, tmp_path):
    first, second, third = json.loads((EXAMPLES / "orders-2026-10-15.json").read_text("utf-8"))
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([first, {**second, "installer": "T404"}, {**third, "mobile": 5, "name": ""}]))
    done = run(bad)
    assert (done.returncode, done.stdout) == (1, "1 of 3 orders are in fieldapp\n")
    assert "order 48212: There is no technician T404 in this branch. (technician_unknown)" in done.stderr
    assert "order 48213: #/customer/" in done.stderr
