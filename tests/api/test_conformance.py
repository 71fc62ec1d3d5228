"""The API is what its description says: schemathesis asks it everything that the description allows, and much that it
does not, from a fixed seed (server.md, Tools). No 5xx, nothing undescribed, unknown fields refused.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from fieldapp.domain.access import SCOPES
from fieldapp.web.api.v1.operations import OPERATIONS

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "missing_required_header", "unsupported_method",
    "allow_header_conformance", "ignored_auth",
)  # fmt: skip


def test_the_api_is_as_it_is_described(server, program, planned, tmp_path):
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
