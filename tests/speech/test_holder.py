"""A model is loaded once for all who ask for it, is never freed in use, and gives its memory back when idle."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from qa_service.settings import Settings
from qa_service.speech import holder as holder_module
from qa_service.speech.devices import choose
from qa_service.speech.holder import Holder, shared
from qa_service.speech.weights import resolve


class Garage:
    """Makes numbered models, slowly, and notes which were freed. ``breaks``: loads that fail first."""

    def __init__(self, *, breaks: int = 0) -> None:
        self.made = 0
        self.freed: list[object] = []
        self.breaks = breaks

    def load(self) -> str:
        time.sleep(0.02)
        if self.breaks:
            self.breaks -= 1
            raise MemoryError("no room")
        self.made += 1
        return f"model {self.made}"

    def holder(self, idle_s: float = 0.0) -> Holder[str]:
        return Holder(self.load, self.freed.append, idle_s=idle_s)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder_module, "_HOLDERS", {})


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def together(count: int, run: Callable[[], object]) -> None:
    """Run it in so many threads that begin at one moment."""
    start = threading.Barrier(count)

    def begin() -> None:
        start.wait()
        run()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def test_nothing_is_loaded_before_it_is_used() -> None:
    garage = Garage()
    held = garage.holder()
    assert (garage.made, held.loaded) == (0, False)
    with held.use() as model:
        assert model == "model 1"
    with held.use() as model:
        assert model == "model 1"


def test_threads_that_ask_at_once_load_once() -> None:
    garage, seen = Garage(), []
    held = garage.holder()

    def use() -> None:
        with held.use() as model:
            seen.append(model)

    together(8, use)
    assert seen == ["model 1"] * 8


def test_a_failed_load_is_told_and_the_next_one_tries_again() -> None:
    garage = Garage(breaks=1)
    held = garage.holder()
    with pytest.raises(MemoryError), held.use():
        pass
    assert not held.loaded
    with held.use() as model:
        assert model == "model 1"


def test_an_idle_model_is_freed_and_loaded_again_when_needed() -> None:
    garage = Garage()
    held = garage.holder(idle_s=0.05)
    with held.use():
        pass
    until(lambda: garage.freed == ["model 1"])
    assert not held.loaded
    with held.use() as model:
        assert model == "model 2"
    until(lambda: garage.freed == ["model 1", "model 2"])


def test_a_model_in_use_is_not_freed_however_long_it_takes() -> None:
    garage = Garage()
    held = garage.holder(idle_s=0.03)
    with held.use(), held.use():
        time.sleep(0.2)
        assert (garage.freed, held.unload()) == ([], False)
    until(lambda: garage.freed == ["model 1"])


def test_each_use_begins_the_idle_time_anew() -> None:
    garage = Garage()
    held = garage.holder(idle_s=0.4)
    for _ in range(5):
        with held.use():
            pass
        time.sleep(0.15)
    assert garage.made == 1


def test_an_idle_time_of_zero_keeps_it() -> None:
    garage = Garage()
    before = threading.active_count()
    held = garage.holder(idle_s=0)
    with held.use():
        pass
    assert threading.active_count() == before
    assert held.loaded
    assert (held.unload(), held.loaded, garage.freed) == (True, False, ["model 1"])


def test_an_error_inside_the_block_lets_go_of_the_model() -> None:
    garage = Garage()
    held = garage.holder()
    with pytest.raises(KeyError), held.use():
        raise KeyError
    assert held.unload()


def test_those_who_ask_for_the_same_share_and_others_do_not() -> None:
    garage = Garage()
    one = shared(("a", 1), garage.load, garage.freed.append, idle_s=0)
    same = shared(("a", 1), garage.load, garage.freed.append, idle_s=7)
    other = shared(("a", 2), garage.load, garage.freed.append, idle_s=0)
    assert same is one
    assert other is not one
    assert one.idle_s == 7
    with one.use() as a, same.use() as b, other.use() as c:
        assert (a, b, c) == ("model 1", "model 1", "model 2")


def test_uses_and_idle_times_in_any_order_never_meet_a_freed_model() -> None:
    """Many threads against an idle time so short that the model goes again and again."""
    garage = Garage()
    held = garage.holder(idle_s=0.001)
    wrong: list[str] = []

    def use() -> None:
        for n in range(30):
            with held.use() as model:
                time.sleep(0.0005 * (n % 4))
                if model in garage.freed:
                    wrong.append(model)
            time.sleep(0.001 * (n % 3))

    together(4, use)
    assert wrong == []
    until(lambda: len(garage.freed) == garage.made)  # on a busy machine it may have been in use from first to last
    use()
    until(lambda: len(garage.freed) == garage.made)
    assert len(set(garage.freed)) == garage.made > 1


MEMORY = """
import sys, time
from pathlib import Path
import numpy as np
from qa_service.settings import Settings
from qa_service.speech.faster import FasterWhisperDecoder
from qa_service.speech import holder
import faster_whisper, ctranslate2

def rss():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1024

settings = Settings(data_dir=Path(sys.argv[1]), model_idle_s=0.2, cpu_threads=1, beam_size=1, _env_file=None)
decoder = FasterWhisperDecoder(settings)
sound = np.random.default_rng(1).normal(0, 0.01, 16000).astype(np.float32)
before = rss()
decoder.decode(decoder.encode([sound], 3.0), "en", "")
loaded = rss()
(held,) = holder._HOLDERS.values()
end = time.monotonic() + 20
while held.loaded and time.monotonic() < end:
    time.sleep(0.05)
time.sleep(0.3)
print(before, loaded, rss())
decoder.decode(decoder.encode([sound], 3.0), "en", "")
assert held.loaded
"""


@pytest.mark.speech
def test_the_real_model_gives_most_of_its_memory_back(real: Settings) -> None:
    resolve("base", real)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(real.data_dir)], capture_output=True, text=True, check=True
    )
    before, loaded, after = map(float, done.stdout.split())
    assert loaded - before > 50
    assert loaded - after >= (loaded - before) / 2


@pytest.mark.speech
def test_transcribers_of_like_settings_share_one_model(real: Settings) -> None:
    from qa_service.speech.ct2 import held

    settings = real.model_copy(update={"cpu_threads": 1})
    weights, device = resolve("base", settings), choose(settings)
    with held(weights, device, settings).use() as one, held(weights, device, settings).use() as other:
        assert one is other
    assert len(holder_module._HOLDERS) == 1
