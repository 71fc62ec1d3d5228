"""The pure decisions of the client, run by node (Playwright brings one): every *.test.mjs beside this file."""

import os
import re
import subprocess
from pathlib import Path

import playwright
import pytest

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"


@pytest.mark.parametrize("file", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_the_client_decides_rightly(file: str):
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(
        [NODE, "--test", "--test-force-exit", "--test-reporter=tap", HERE / file],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert ran is not None, done.stdout
    assert int(ran.group(1)) > 0, f"{file} ran no test"
