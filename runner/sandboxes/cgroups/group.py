"""What a control group promises, whichever version of the kernel's interface it is."""

from collections.abc import Collection
from typing import Protocol

FULL_CPU_MB = 1769
"""Memory that comes with one whole CPU, as AWS documents for Lambda."""
PERIOD_US = 20_000
"""Short, so that a small function's bursts are shared fairly; at 10 ms its quota is refused."""
PROCESSES = 1024
"""Processes and threads of a whole sandbox, as Lambda's quotas page has it."""
FOLDER = "virga"
V1_CONTROLLERS = ("memory", "cpu", "pids", "freezer")
V2_CONTROLLERS = ("memory", "cpu", "pids")


def cpu_quota_us(memory_mb: int) -> int:
    """Microseconds of CPU in every period of 20 ms that `memory_mb` comes with."""
    return max(1000, PERIOD_US * memory_mb // FULL_CPU_MB)


class Group(Protocol):
    """The control group of one sandbox."""

    def join_descriptors(self) -> list[int]:
        """Descriptors to write "0" to, by a process that joins. The caller closes them."""

    def thaw_descriptor(self) -> int | None:
        """A descriptor to write "THAWED" to, where a frozen process can't be killed; None
        where it can. The caller closes it."""

    def limit_processes(self, processes: int) -> None:
        """At most so many processes and threads. Raises SandboxFailed."""

    def limit(self, memory_mb: int) -> None:
        """Set memory, and the share of CPU that comes with it. Raises SandboxFailed."""

    def share_cpu(self, memory_mb: int) -> None:
        """Set the share of CPU that comes with some memory. Raises SandboxFailed."""

    def freeze(self) -> None:
        """Return when no process in it runs. Raises SandboxFailed."""

    def thaw(self) -> None:
        """Let them run again. Raises SandboxFailed."""

    def processes(self) -> list[int]:
        """Ids of the processes in it; none once it is gone."""

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed in it for memory."""

    def out_of_processes(self) -> bool:
        """Whether a fork was refused for the limit."""

    def memory_event(self) -> int | None:
        """A descriptor that becomes readable when memory runs out; None where the
        kernel itself kills the whole group. The caller closes it."""

    def remove(self) -> None:
        """Kill what is left in it and remove it; fine when it is gone. Raises SandboxFailed."""


class Hierarchy(Protocol):
    """Where groups are made."""

    @property
    def version(self) -> int:
        """1 or 2."""

    def create(self, name: str) -> Group:
        """A new group with no limit yet. Raises SandboxFailed."""

    def leave(self) -> None:
        """Remove the folders above the groups, where nothing of anybody is in them."""

    def sweep(self, *, keep: Collection[str] = ()) -> int:
        """Remove every group of this installation but those named; how many."""
