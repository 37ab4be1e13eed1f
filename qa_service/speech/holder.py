"""One loaded model for all who ask for the same: loads at first use, gives its memory back after an idle time.

A process may run several jobs at once; they share a holder (:func:`shared`) and with it the memory of one model.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from qa_service import logs

log = logs.get(__name__)

Model = TypeVar("Model")


class Holder(Generic[Model]):
    """Holds one model while it is needed.

    Args:
        load: makes the model; whatever it raises goes to the one who asked, and the next one tries again.
        free: what must be done before the last reference is dropped.
        idle_s: seconds without use after which the model is freed; 0 keeps it for good.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        load: Callable[[], Model],
        free: Callable[[Model], None],
        *,
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.idle_s = idle_s
        self._load = load
        self._free = free
        self._clock = clock
        self._change = threading.Condition()
        self._models: list[Model] = []  # none or one: a model may be any object, None and false ones too
        self._users = 0
        self._last_used = 0.0

    @property
    def loaded(self) -> bool:
        return bool(self._models)

    @contextmanager
    def use(self) -> Iterator[Model]:
        """The model, loaded if need be and never freed inside the block. Threads that ask at once load once."""
        with self._change:
            if not self._models:
                self._models.append(self._load())
                self._watch()
            self._users += 1
            model = self._models[0]
        try:
            yield model
        finally:
            del model
            with self._change:
                self._users -= 1
                self._last_used = self._clock()
                self._change.notify_all()

    def unload(self) -> bool:
        """Free the model now; False when it is in use or not there."""
        with self._change:
            if self._users or not self._models:
                return False
            self._free(self._models.pop())
            self._change.notify_all()
        give_memory_back()
        return True

    def _watch(self) -> None:
        if self.idle_s:
            threading.Thread(target=self._free_when_idle, name="idle-model", daemon=True).start()

    def _free_when_idle(self) -> None:
        """Lives as long as the model does: sleeps until it has been idle for long enough, and frees it."""
        with self._change:
            while self._models:
                left = self._last_used + self.idle_s - self._clock()
                if self._users or left > 0:
                    self._change.wait(None if self._users else left)
                    continue
                self._free(self._models.pop())
                log.info("a model idle for %.0f s was unloaded", self.idle_s)
        give_memory_back()


_HOLDERS: dict[Hashable, Holder[Any]] = {}
_LOCK = threading.Lock()


def shared(key: Hashable, load: Callable[[], Model], free: Callable[[Model], None], *, idle_s: float) -> Holder[Model]:
    """The holder of this process for ``key``. What the last one who asked said of the idle time counts."""
    with _LOCK:
        holder = _HOLDERS.setdefault(key, Holder(load, free, idle_s=idle_s))
        holder.idle_s = idle_s
        return holder


def give_memory_back() -> None:
    """Return freed memory to the system: glibc keeps what was allocated in small pieces (measured: 150 of 265 MB)."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library
        return
