"""The networks in torch: the same stored weights in float32, or half precision on a GPU. Needs the extra ``torch``."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qa_service.classify.card import Files
from qa_service.classify.passages import Batch
from qa_service.classify.protocol import Floats
from qa_service.errors import ErrorCode, SetupError
from qa_service.records import ClassifierInfo

if TYPE_CHECKING:
    from qa_service.classify.network import ConductNetwork


class TorchRuntime:
    """Networks load at first use.

    Args:
        device: as torch names it: ``cpu``, ``cuda:0``.
        threads: of the CPU; 0: all cores.

    Raises:
        SetupError: ENGINE_MISSING without torch and transformers.
    """

    def __init__(self, files: Files, *, device: str = "cpu", threads: int = 0) -> None:
        try:
            import torch
            import transformers
        except ImportError as missing:
            raise SetupError(
                ErrorCode.ENGINE_MISSING,
                f"The classifier in torch needs a package that is not installed: {missing.name}.",
                "pip install 'qa-service[torch]', or set QA_CLASSIFIER=onnx.",
            ) from None
        if threads:
            torch.set_num_threads(threads)
        self._files = files
        self._device = device
        self._versions = f"torch {torch.__version__} transformers {transformers.__version__}"

    @property
    def info(self) -> ClassifierInfo:
        return ClassifierInfo(
            name=self._files.card.base, runtime=f"{self._versions} {self._device}", weights_sha256=self._files.sha256
        )

    def logits(self, batch: Batch) -> Floats:
        return self._run(self._conduct.forward, batch)

    def pooled(self, batch: Batch) -> Floats:
        return self._run(self._plain.pooled, batch)

    def _run(self, network: Any, batch: Batch) -> Floats:
        import torch

        with torch.inference_mode():
            arrays = {name: torch.from_numpy(value).to(self._device) for name, value in batch.arrays.items()}
            found: Floats = network(**arrays).float().cpu().numpy()
        return found

    @cached_property
    def _conduct(self) -> ConductNetwork:
        return self.network("conduct")

    @cached_property
    def _plain(self) -> ConductNetwork:
        return self.network("plain")

    def network(self, name: str) -> ConductNetwork:
        """The network of a file (``conduct``, ``plain``), ready to run."""
        import torch
        from safetensors.numpy import load_file
        from transformers import AutoConfig, AutoModel

        from qa_service.classify.network import ConductNetwork
        from qa_service.classify.stored import dequantised

        folder = self._files.folder
        config = AutoConfig.for_model(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        encoder = AutoModel.from_config(config, add_pooling_layer=False)
        network = ConductNetwork(encoder, outputs=len(self._files.card.labels))
        stored = load_file(folder / "words.safetensors") | load_file(folder / f"{name}.safetensors")
        weights = {k: torch.from_numpy(v.copy()) for k, v in dequantised(stored).items()}
        head = {k.removeprefix("head."): weights.pop(k) for k in list(weights) if k.startswith("head.")}
        encoder.load_state_dict(weights, strict=False)
        if head:
            network.head.load_state_dict(head)
        half = self._device.startswith("cuda")
        ready: ConductNetwork = (network.half() if half else network.float()).to(self._device).eval()
        return ready
