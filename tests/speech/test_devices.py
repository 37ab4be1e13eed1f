"""What is chosen from what is asked and what is there. The seam: how many GPUs a library sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.speech import devices
from qa_service.speech.devices import Device, Engine, choose, cores


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """GPUs of a machine with four cores."""
    there = {"gpus": 0}
    monkeypatch.setattr(devices, "cuda_devices", lambda engine: there["gpus"])
    monkeypatch.setattr(devices, "cores", lambda: 4)
    return there


def chosen(settings: Settings, engine: Engine = "faster-whisper", **asked: object) -> Device:
    return choose(settings.model_copy(update=asked), engine)


@pytest.mark.parametrize(
    ("engine", "gpus", "kind", "compute_type", "batch_s"),
    [
        ("faster-whisper", 0, "cpu", "int8", 240.0),
        ("faster-whisper", 2, "cuda", "float16", 960.0),
        ("openai-whisper", 0, "cpu", "float32", 240.0),
        ("openai-whisper", 1, "cuda", "float16", 960.0),
    ],
)
def test_a_gpu_is_used_where_there_is_one(
    settings: Settings, machine: dict[str, int], engine: Engine, gpus: int, kind: str, compute_type: str, batch_s: float
) -> None:
    machine["gpus"] = gpus
    got = chosen(settings, engine)
    assert (got.kind, got.compute_type, got.batch_s, got.threads) == (kind, compute_type, batch_s, 4)
    assert "GPU" in got.why


def test_what_is_asked_for_is_taken(settings: Settings, machine: dict[str, int]) -> None:
    machine["gpus"] = 2
    got = chosen(settings, device="cuda", device_index=1, compute_type="int8_float16", batch_s=90, cpu_threads=3)
    assert got == Device("cuda", 1, "int8_float16", 3, 90, "QA_DEVICE=cuda")
    assert got.name == "cuda:1"
    on_cpu = chosen(settings, device="cpu", device_index=1, compute_type="float32")
    assert (on_cpu.name, on_cpu.index, on_cpu.compute_type, on_cpu.why) == ("cpu", 0, "float32", "QA_DEVICE=cpu")


@pytest.mark.parametrize(
    ("gpus", "asked", "says"),
    [
        (0, {"device": "cuda"}, "no GPU"),
        (1, {"device": "cuda", "device_index": 1}, "1 GPU"),
        (2, {"device": "auto", "device_index": 2}, "2 GPUs"),
    ],
)
def test_a_gpu_that_is_not_there_is_told(
    settings: Settings, machine: dict[str, int], gpus: int, asked: dict[str, object], says: str
) -> None:
    machine["gpus"] = gpus
    with pytest.raises(SetupError) as raised:
        chosen(settings, **asked)
    assert raised.value.code is ErrorCode.DEVICE_MISSING
    assert says in raised.value.message
    assert "QA_DEVICE=cpu" in raised.value.hint


@pytest.mark.parametrize(
    ("engine", "gpus", "compute_type"),
    [
        ("faster-whisper", 0, "float16"),
        ("faster-whisper", 0, "int8_float16"),
        ("openai-whisper", 0, "int8"),
        ("openai-whisper", 0, "float16"),
        ("openai-whisper", 1, "int8_float16"),
    ],
)
def test_numbers_that_a_device_does_not_know_are_refused(
    settings: Settings, machine: dict[str, int], engine: Engine, gpus: int, compute_type: str
) -> None:
    machine["gpus"] = gpus
    with pytest.raises(SetupError) as raised:
        chosen(settings, engine, compute_type=compute_type)
    assert raised.value.code is ErrorCode.DEVICE_MISSING
    assert compute_type in raised.value.message
    assert "QA_COMPUTE_TYPE" in raised.value.hint


def test_the_types_of_a_cpu_are_those_the_library_knows() -> None:
    import ctranslate2

    assert set(devices.TYPES["faster-whisper", "cpu"]) <= ctranslate2.get_supported_compute_types("cpu")


def test_the_libraries_are_asked(settings: Settings) -> None:
    """Whatever this machine has, an index that nobody has is refused."""
    with pytest.raises(SetupError):
        chosen(settings, device="cuda", device_index=99)


def test_cores_are_those_this_process_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(devices, "_quota", lambda: None)
    assert cores() == 64
    monkeypatch.setattr(devices, "_quota", lambda: 3)
    assert cores() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert cores() == 2


@pytest.mark.parametrize(
    ("text", "quota"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", None), ("", None), (None, None)]
)
def test_a_quota_of_a_container_counts(tmp_path: Path, text: str | None, quota: int | None) -> None:
    file = tmp_path / "cpu.max"
    if text is not None:
        file.write_text(text)
    assert devices._quota(file) == quota
