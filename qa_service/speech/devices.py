"""Where and in which numbers a model computes: what the settings ask for, against what this machine has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings

Engine = Literal["faster-whisper", "openai-whisper"]
Kind = Literal["cpu", "cuda"]

#: Numbers that each engine computes in, the one that `auto` takes first.
TYPES: dict[tuple[Engine, Kind], tuple[str, ...]] = {
    ("faster-whisper", "cpu"): ("int8", "int8_float32", "float32"),
    ("faster-whisper", "cuda"): ("float16", "int8_float16", "int8_float32", "int8", "float32"),
    ("openai-whisper", "cpu"): ("float32",),
    ("openai-whisper", "cuda"): ("float16", "float32"),
}
#: Seconds of sound in one batch: the decoder reads all its weights for each token of a batch, however many it holds.
BATCH_S: dict[Kind, float] = {"cpu": 240.0, "cuda": 960.0}


@dataclass(frozen=True)
class Device:
    """What was chosen. ``threads``: of the CPU; ``why``: a clause for `qa doctor`."""

    kind: Kind
    index: int
    compute_type: str
    threads: int
    batch_s: float
    why: str

    @property
    def name(self) -> str:
        """As torch writes it: ``cpu``, ``cuda:0``."""
        return f"cuda:{self.index}" if self.kind == "cuda" else "cpu"


def cuda_devices(engine: Engine) -> int:
    """How many GPUs the engine's library sees. The one thing here that looks at the machine's devices."""
    if engine == "openai-whisper":
        import torch

        return int(torch.cuda.device_count())
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())


def choose(settings: Settings, engine: Engine | None = None) -> Device:
    """The device for an engine (by default that of the settings).

    Raises:
        SetupError: DEVICE_MISSING when a GPU is asked for that is not there, or a compute type that the device
            does not know.
    """
    engine = engine or settings.engine
    kind, why = _kind(settings, engine)
    return Device(
        kind=kind,
        index=settings.device_index if kind == "cuda" else 0,
        compute_type=_compute_type(settings, engine, kind),
        threads=settings.cpu_threads or cores(),
        batch_s=settings.batch_s or BATCH_S[kind],
        why=why,
    )


def cores() -> int:
    """Cores that this process may use: its affinity, a container's quota, and ``OMP_NUM_THREADS`` where it is set."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told):
        return int(told)
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(mine, _quota() or mine))


def _quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int | None:
    """Whole cores of a container's CPU quota, rounded up; None without one."""
    try:
        quota, period = (int(part) for part in file.read_text(encoding="ascii").split())
    except (OSError, ValueError):  # "max 100000": no quota
        return None
    return max(1, -(-quota // period))


def _kind(settings: Settings, engine: Engine) -> tuple[Kind, str]:
    if settings.device == "cpu":
        return "cpu", "QA_DEVICE=cpu"
    there = cuda_devices(engine)
    if settings.device_index < there:
        return "cuda", "QA_DEVICE=cuda" if settings.device == "cuda" else f"{there} GPU found"
    seen = f"{engine} sees {there or 'no'} GPU{'s' if there > 1 else ''} on this machine"
    if settings.device == "auto" and not there:
        return "cpu", seen
    hint = "Set QA_DEVICE=cpu, or correct QA_DEVICE_INDEX or the GPU's driver and libraries (docs/engines.md)."
    raise SetupError(ErrorCode.DEVICE_MISSING, f"GPU {settings.device_index} was asked for, but {seen}.", hint)


def _compute_type(settings: Settings, engine: Engine, kind: Kind) -> str:
    known = TYPES[engine, kind]
    if settings.compute_type == "auto":
        return known[0]
    if settings.compute_type in known:
        return settings.compute_type
    message = f"{engine} does not compute in {settings.compute_type} on {'a GPU' if kind == 'cuda' else 'a CPU'}."
    raise SetupError(ErrorCode.DEVICE_MISSING, message, f"Set QA_COMPUTE_TYPE to auto, {' or '.join(known)}.")
