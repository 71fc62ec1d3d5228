"""The API is what its description says: schemathesis asks it everything that the description allows, and much that it
does not, from a fixed seed (server.md, Tools). No 5xx, nothing undescribed, unknown fields refused.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fieldapp.domain.access import SCOPES
from fieldapp.web.api.v1.operations import OPERATIONS
from tests.closing import close, finding, propose_adjustment, september, store

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
    "allow_header_conformance", "ignored_auth",
)  # fmt: skip


@pytest.fixture
def closed(work):
    """A closed month (that of the examples) of which something became known later, and one proposal about it."""
    september(work)
    close(work)
    store(work, [finding("WO-1", item="decorum"), finding("WO-3", technician="T002", item="uniform")])
    propose_adjustment(work, "T002")


def test_the_api_is_as_it_is_described(server, program, planned, closed, tmp_path):
    token = program(*SCOPES, rate=600_000).token
    command = [
        Path(sys.executable).with_name("st"), "run", f"{server}/api/v1/openapi.json", "--seed", "20261014",
        "--header", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS), "--generation-codec", "utf-8",
        "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--no-color", "--warnings", "off",
        "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, env={**os.environ, "NO_PROXY": "*"}
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(rf"Tested: +{len(OPERATIONS)}\n", done.stdout)
