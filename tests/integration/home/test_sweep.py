"""`manage.py sweep`, which `make run` calls when it had to kill a runner."""

from pathlib import Path

from django.conf import LazySettings
from django.core.management import call_command

from runner.sandboxes.volumes import Volumes


def test_a_sweep_unmounts_the_volumes_of_a_killed_runner(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.BACKENDS = []
    settings.RUN_DIR = tmp_path
    left = Volumes(tmp_path).take(64)
    call_command("sweep")
    assert not left.path.exists()
    assert str(left.path) not in Path("/proc/mounts").read_text()
