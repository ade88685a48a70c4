"""Notices that the kernel killed something for want of memory (control groups, version 1).

It may have been a child only, and the rest would go on in a half-dead
sandbox: the callback ends it whole. One thread serves all sandboxes of a
backend. Version 2 needs none of this: there the kernel kills the group.
"""

import os
import select
import threading
from collections.abc import Callable

from runner.sandboxes.cgroups import Group


class OomWatch:
    """Calls back, once, for each group in which memory ran out."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._lock = threading.Lock()
        self._watched: dict[int, tuple[Group, Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)

    def add(self, group: Group, out_of_memory: Callable[[], None]) -> int | None:
        """Watch a group; a handle for `remove`, None where the kernel needs no watching."""
        event = group.memory_event()
        if event is None:
            return None
        with self._lock:
            self._watched[event] = (group, out_of_memory)
            self._epoll.register(event, select.EPOLLIN)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="oom", daemon=True)
                self._thread.start()
        return event

    def remove(self, event: int | None) -> None:
        """Watch it no longer; twice is fine."""
        with self._lock:
            if event is None or self._watched.pop(event, None) is None:
                return
            self._epoll.unregister(event)
            os.close(event)

    def close(self) -> None:
        """End the thread and let go of every group."""
        thread, self._thread = self._thread, None
        if thread:
            os.eventfd_write(self._wake, 1)
            thread.join()
        for event in list(self._watched):
            self.remove(event)
        self._epoll.close()
        os.close(self._wake)

    def _run(self) -> None:
        while True:
            for event, _ in self._epoll.poll():
                if event == self._wake:
                    return
                with self._lock:
                    watched = self._watched.get(event)
                if watched is None:
                    continue
                group, out_of_memory = watched
                self.remove(event)
                # The kernel also signals when the group is removed: then nothing ran out.
                if group.processes():
                    out_of_memory()
