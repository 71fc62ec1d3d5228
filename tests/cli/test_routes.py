"""`fieldapp routes`: nothing without a guard, in a form that programs read."""

import json

from click.testing import CliRunner

from fieldapp.cli import main


def test_every_route_is_listed_with_its_methods_and_guard(monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDAPP_INSTANCE", str(tmp_path))
    answer = CliRunner().invoke(main, ["routes", "--format", "json"])
    assert answer.exit_code == 0, answer.output
    found = {one["route"]: one for one in json.loads(answer.stdout)}
    assert all(one["guard"] and one["methods"] for one in found.values())
    assert found["/scores/"]["guard"] == "roles: technician, quality, manager"
    assert found["/healthz"]["methods"] == ["GET"]
