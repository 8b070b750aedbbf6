"""schemathesis over the OpenAPI document of a running `malmoi serve`: no answer outside of it, and
no 5xx. The same requests each time.

    python openapi.py http://127.0.0.1:7171
"""

import pathlib
import subprocess
import sys
import tempfile

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
# Random requests to each address, beside those that try each field at its limits.
EXAMPLES = 25

server = sys.argv[1]
command = [
    pathlib.Path(sys.executable).with_name("schemathesis"),
    "run",
    f"{server}/api/v1/openapi.json",
    f"--checks={','.join(CHECKS)}",
    "--phases=examples,coverage,fuzzing",
    f"--max-examples={EXAMPLES}",
    "--generation-deterministic",
    "--request-timeout=30",
    "--continue-on-failure",
    "--warnings=off",
    "--no-color",
]
with tempfile.TemporaryDirectory() as folder:
    sys.exit(subprocess.run(command, cwd=folder).returncode)
