"""What a voice sounds like, as 192 numbers: CAM++ (Wang et al., 2023, arXiv:2303.00332) of 3D-Speaker, zh/en."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qa_service.audio.speakers.features import Features, centred
from qa_service.audio.speakers.weights import network
from qa_service.settings import Settings

Vector = NDArray[np.float32]

#: Frames of 10 ms: fewer say too little of a voice, more cost time and say little more.
FEWEST, MOST = 40, 200


def embed(features: Features, settings: Settings) -> Vector | None:
    """Unit vector of the voice in filter-bank frames (10 ms each), by their middle 2 s; None for under 0.4 s."""
    if len(features) < FEWEST:
        return None
    first = max(0, (len(features) - MOST) // 2)
    part = centred(features[first : first + MOST])
    vector = network("campplus", settings).run(None, {"fbank": part[None]})[0][0]
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
