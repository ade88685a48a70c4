"""Without root and without control groups: the same contract, and what is left of the limits."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs

pytestmark = [pytest.mark.bubblewrap, pytest.mark.timeout(600)]
NOBODY = "65534"
PYTHON = "/usr/bin/python3"
HELD = (
    "test_sandbox_contract or test_lives or (test_isolation and not administrator)"
    " or deep or split or fork_bomb or shared_memory or children_end or session"
)
FILES = ("lives", "isolation", "files", "memory_and_processes")
CAPTURED = {"capture_output": True, "text": True, "check": False}
NOT_HELD = "not docker and not their_share and not refused_limit"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user may write to; pytest's own are closed to others."""
    needs.require("bubblewrap", "root")
    run = subprocess.run([PYTHON, "-c", "import sys; print(sys.version_info[:2])"], **CAPTURED)
    if run.stdout.strip() != str(sys.version_info[:2]):
        needs.missing(f"{PYTHON} is not the Python that our packages were installed for")
    if not shutil.which("setpriv"):
        needs.missing("setpriv is not installed: apt-get install util-linux")
    with tempfile.TemporaryDirectory(prefix="virga-nobody-") as name:
        place = Path(name)
        place.chmod(0o777)
        yield place


def test_the_contract_holds_for_a_user_without_root(folder: Path) -> None:
    packages = sysconfig.get_path("purelib")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "VIRGA_HOME": str(folder / "home"),
        "PYTHONPATH": f"{needs.ROOT}:{packages}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "VIRGA_TEST_STRICT": os.environ.get("VIRGA_TEST_STRICT", ""),
    }
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PYTHON]
    command += ["-m", "pytest", "-q", "--noconftest", "-p", "tests.sandbox.ordinary_user"]
    command += ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(needs.ROOT)]
    command += ["-k", f"({HELD}) and ({NOT_HELD}) and (bubblewrap or test_lives)"]
    command += [str(needs.ROOT / "tests/contracts/test_sandbox_contract.py")]
    command += [str(needs.ROOT / f"tests/sandbox/test_{name}.py") for name in FILES]
    done = subprocess.run(command, env=environment, cwd=folder, **CAPTURED)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
