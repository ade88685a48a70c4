"""What processes use, read from /proc: memory shared fairly (PSS) and processor time."""

from collections.abc import Iterable
from pathlib import Path


def tree(pid: int) -> set[int]:
    """A process and whatever descends from it."""
    return with_descendants({pid})


def pss_mb(pids: Iterable[int]) -> float:
    """Proportional set size; a process that is gone counts nothing."""
    return sum(pss_kb(pid) for pid in pids) / 1024


def ticks(pid: int) -> int:
    """Processor time used so far, in clock ticks."""
    fields = stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def with_descendants(pids: set[int]) -> set[int]:
    """These and whatever descends from them."""
    parents = {pid: int(fields[1]) for pid in pids_now() if (fields := stat(pid))}
    grown = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in grown} - grown:
        grown |= more
    return grown


def pids_now() -> list[int]:
    """Every process that there is."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def stat(pid: int) -> list[str]:
    """The fields after the command's name; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def pss_kb(pid: int) -> int:
    """One process's proportional set size; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
