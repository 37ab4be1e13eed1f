"""The networks in onnxruntime: int8, in the light installation, the default on CPUs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from qa_service.classify.card import Files
from qa_service.classify.passages import Batch
from qa_service.classify.protocol import Floats
from qa_service.records import ClassifierInfo

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class OnnxRuntime:
    """Sessions open at first use.

    Args:
        threads: of the CPU; 0: all cores.
    """

    def __init__(self, files: Files, *, threads: int = 0) -> None:
        self._files = files
        self._threads = threads

    @property
    def info(self) -> ClassifierInfo:
        from importlib.metadata import version

        return ClassifierInfo(
            name=self._files.card.base,
            runtime=f"onnxruntime {version('onnxruntime')}",
            weights_sha256=self._files.sha256,
        )

    def logits(self, batch: Batch) -> Floats:
        found: Floats = self._conduct.run(["logits"], batch.arrays)[0]
        return found

    def pooled(self, batch: Batch) -> Floats:
        found: Floats = self._plain.run(["pooled"], batch.arrays)[0]
        return found

    @cached_property
    def _conduct(self) -> InferenceSession:
        return self._session(self._files.folder / "conduct.onnx")

    @cached_property
    def _plain(self) -> InferenceSession:
        return self._session(self._files.folder / "plain.onnx")

    def _session(self, file: Path) -> InferenceSession:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others share the cores
        return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
