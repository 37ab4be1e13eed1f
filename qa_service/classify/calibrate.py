"""From logits to probabilities that mean what they say, and from those to thresholds.

Temperature scaling (Guo et al., On Calibration of Modern Neural Networks, 2017), one temperature for each label; with
an offset (Platt, Probabilistic Outputs for Support Vector Machines, 1999) where linear models that saw a requirement
broken once in hundreds of turns are added, since these say no for want of proof.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
TEMPERATURES = np.geomspace(0.25, 6, 120)
LEAST, PRECISION = 0.65, 0.88
"""No label is told below the first, whatever else; thresholds are chosen for the second, half by what was right, half
by the chances themselves. On turns that were not used for choosing precision comes out higher (``precision_of_halves``
of card.json). Of the pairs that leave about 2.5 % alarms on hard negatives there this has the highest F1
(scripts/choose_thresholds.py)."""


def probabilities(logits: npt.ArrayLike, temperatures: npt.ArrayLike, offsets: npt.ArrayLike = 0.0) -> Floats:
    """Of shape (turns, labels), as ``logits``; ``temperatures`` and ``offsets``, which are added first, (labels,)."""
    moved = np.asarray(logits, np.float64) + np.asarray(offsets, np.float64)
    scaled = moved / np.asarray(temperatures, np.float64)
    return 1 / (1 + np.exp(-np.clip(scaled, -60, 60)))


def temperature(logits: npt.ArrayLike, held: npt.ArrayLike) -> float:
    """The one under which what held was likeliest. ``held``: 0 or 1 for each of ``logits``, both of shape (turns,)."""
    truth = np.asarray(held, np.float64)
    signed = np.where(truth > 0, 1.0, -1.0) * np.asarray(logits, np.float64)
    losses = np.logaddexp(0, -signed[None, :] / TEMPERATURES[:, None]).mean(1)
    return float(TEMPERATURES[losses.argmin()])


def threshold(
    chances: npt.ArrayLike, held: npt.ArrayLike, *, precision: float = PRECISION, least: float = LEAST
) -> float:
    """The least probability from which on ``precision`` of the turns should be right; 1.0 where there is none.

    Of few turns, how many were right is half luck; the calibrated chances of the same turns say what to expect. The
    mean of both counts. Never below ``least``: what is likelier not to hold is not told, however well that went.
    """
    chance, truth = np.asarray(chances, np.float64), np.asarray(held, np.float64)
    order = np.argsort(-chance, kind="stable")
    right = np.cumsum((truth[order] + chance[order]) / 2) / np.arange(1, len(order) + 1)
    good = [at for at in range(len(order)) if right[at] >= precision and chance[order[at]] >= least]
    if not good:
        return 1.0
    last = good[-1]
    below = chance[order[last + 1]] if last + 1 < len(order) else 0.0
    return float(max(least, (chance[order[last]] + below) / 2))
