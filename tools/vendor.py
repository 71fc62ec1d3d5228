"""Third-party JavaScript, pinned: unpacks npm tarballs into static/vendor/ and writes vendor.lock.json.

    python tools/vendor.py sync     fetch with the npm client, verify, unpack, write the lock
    python tools/vendor.py check    re-hash what is in the checkout against the lock (offline)

Owns which packages and which of their files we ship. Node and npm are needed for `sync` only, never at run time; where
npm fetches from is its own configuration's business.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
# Licences that a package names but does not bring along, as its source repository has them.
LICENCES = Path(__file__).parent / "licences"

# package, version, npm's own sha512 of the tarball, {file inside -> name in static/vendor/<folder>/}.
# The LICENSE of a package that has none inside: tools/licences/<folder>.
PACKAGES = (
    (
        "idb",
        "8.0.4",
        "sha512-jd0ITCrN+Zah4J7R/Z2jnR3W7A4BXDAjmo62MwWuSjxCiueUAf7X5rbodEdidWzeknwXHmLpdZkoiiCppNi30Q==",
        {"build/index.js": "idb.js", "LICENSE": "LICENSE"},
    ),
    (
        "signature_pad",
        "5.1.4",
        "sha512-q0wO5a+U+AWPVcVmiNXz7FY4Ad1QiE8wto/3Yn41WVqepoVVYMvkb1CTokaWPUUAHWDLLabH3/acODeWM9jCrg==",
        {"dist/signature_pad.min.js": "signature_pad.js", "LICENSE": "LICENSE"},
    ),
    (
        "@event-calendar/build",
        "5.10.1",
        "sha512-iAR/l5oeFwqt7mfjBGsrpTiWFOt8yfI7PxV0OqnGaTzZGxvre2QeI0TNNlTpuefoMPd15qseQlfWpxiORzJOMA==",
        {
            "dist/event-calendar.min.js": "event-calendar.js",
            "dist/event-calendar.min.css": "event-calendar.css",
            "LICENSE": "LICENSE",
        },
    ),
)
# A map names the build machine's paths and would be a 404 here.
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*")


class VendorError(Exception):
    """A package or a file is not what it was pinned to be."""


def sync() -> None:
    """Fetch every pinned package, refuse any other bytes, and write files and lock."""
    lock = {}
    for name, version, integrity, files in PACKAGES:
        written = {}
        for inside, outside in files.items():
            own = LICENCES / folder(name)
            brought = inside == "LICENSE" and own.exists()
            found = own.read_bytes() if brought else member(fetch(name, version, integrity), inside)
            content = SOURCE_MAP.sub(b"\n", found)
            target = VENDOR / folder(name) / outside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written[outside] = hashlib.sha256(content).hexdigest()
        lock[name] = {"version": version, "integrity": integrity, "files": dict(sorted(written.items()))}
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")


def folder(name: str) -> str:
    """Where a package's files lie: under its scope where it has one."""
    return name.removeprefix("@").partition("/")[0]


def fetch(name: str, version: str, integrity: str) -> bytes:
    """The tarball of a package as the npm client brings it; raises `VendorError` on other bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        content = next(Path(folder).iterdir()).read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != integrity:
        raise VendorError(f"{name} {version}: the tarball is {found}, pinned is {integrity}")
    return content


def member(tarball: bytes, path: str) -> bytes:
    """One file out of an npm tarball (everything in it lies under package/)."""
    with tempfile.TemporaryFile() as file:
        file.write(tarball)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz") as archive:
            content = archive.extractfile(f"package/{path}")
            if content is None:
                raise VendorError(f"{path} is no file in its package")
            return content.read()


def faults() -> list[str]:
    """What in static/vendor/ differs from the lock, one sentence each; empty when all is as pinned."""
    lock = json.loads(LOCK.read_text())
    expected = {LOCK.name: ""}
    for name, entry in lock.items():
        expected.update({f"{folder(name)}/{file}": digest for file, digest in entry["files"].items()})
    present = {path.relative_to(VENDOR).as_posix(): path for path in VENDOR.rglob("*") if path.is_file()}
    found = [f"{path} is in the lock but not in static/vendor" for path in expected.keys() - present.keys()]
    for path, file in sorted(present.items()):
        if path not in expected:
            found.append(f"{path} is not in the lock")
        elif expected[path] and hashlib.sha256(file.read_bytes()).hexdigest() != expected[path]:
            found.append(f"{path} was changed")
    return found


def main(arguments: list[str]) -> int:
    """Run one command; 0 when all is well."""
    if arguments == ["sync"]:
        sync()
        return 0
    if arguments == ["check"]:
        problems = faults()
        print("\n".join(problems) or "static/vendor is as pinned")
        return 1 if problems else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
