"""`qa doctor` says where the model will compute, in which numbers, and why."""

from __future__ import annotations

import pytest

from qa_service.cli import doctor
from qa_service.cli.doctor import Check, check_device, examine
from qa_service.settings import Settings
from qa_service.speech import devices


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_devices", lambda engine: 0)
    monkeypatch.setattr(devices, "cores", lambda: 2)


def device(settings: Settings, **asked: object) -> Check:
    return check_device(settings.model_copy(update=asked))


def test_the_device_is_told_with_its_reason(settings: Settings) -> None:
    found = device(settings)
    assert found.state == "ok"
    assert found.found == "cpu in int8, 2 threads, batches of 240 s (faster-whisper sees no GPU on this machine)"
    assert "GPU" in found.advice


def test_a_gpu_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_devices", lambda engine: 1)
    assert device(settings).found == "cuda:0 in float16, batches of 960 s (1 GPU found)"
    assert device(settings, device="cpu").advice == ""


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"device": "cuda"}, "[device_missing]"),
        ({"compute_type": "float16"}, "[device_missing]"),
        ({"model": "base.en"}, "[settings_invalid]"),
    ],
)
def test_what_cannot_be_used_is_broken(settings: Settings, asked: dict[str, object], code: str) -> None:
    found = device(settings, **asked)
    assert found.state == "broken"
    assert code in found.found
    assert "QA_" in found.advice


def test_a_folder_that_is_closed_stops_no_other_check(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: Settings) -> Check:
        raise PermissionError(13, "Permission denied", "/closed/models")

    for name in ("_weights", "_disk", "_database"):
        monkeypatch.setattr(doctor, name, closed)
    found = {check.name: check for check in examine(settings)}
    assert all(found[name].state == "broken" for name in ("weights", "disk", "database"))
    assert found["weights"].found == "/closed/models cannot be used: Permission denied"
    assert found["classifier"].state == "ok"
