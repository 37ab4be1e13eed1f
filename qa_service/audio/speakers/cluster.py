"""Two voices out of many stretches of speech: k-means on unit vectors with links inside a chunk, from fixed starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Weights = NDArray[np.float64]
Labels = NDArray[np.int64]

ROUNDS, SWEEPS = 20, 3
#: Principal directions along which a first split is tried.
STARTS = 3
#: What the segmentation's word is worth, in cosine, where all other stretches of the chunk say the same: for one voice
#: where it heard one local speaker, against it where it heard two. Voices that differ clearly outvote it.
TOGETHER, APART = 0.1, 0.2


@dataclass(frozen=True)
class Split:
    """Voice 0 or 1 of each stretch; how alike the two voices are, and each within itself (mean cosines of pairs)."""

    labels: Labels
    between: float
    within: float


@dataclass(frozen=True)
class _Chunk:
    """The stretches of one chunk, and how much each pair of them belongs together."""

    members: Labels
    links: Weights


def split(vectors: Vectors, weights: Weights, chunks: Labels, speakers: Labels) -> Split:
    """The best two-voice split found.

    Args:
        vectors: one unit vector a stretch.
        weights: seconds of each.
        chunks, speakers: chunk of each, and which of that chunk's local speakers the segmentation heard.
    """
    linked = [_linked(np.flatnonzero(chunks == c), weights, speakers) for c in np.unique(chunks)]
    found = [_settled(vectors, weights, linked, start) for start in _starts(vectors, weights)]
    labels, _ = max(found, key=lambda f: f[1])
    return Split(labels, *_likeness(vectors, weights, labels))


def _linked(members: Labels, weights: Weights, speakers: Labels) -> _Chunk:
    same = speakers[members][:, None] == speakers[members][None, :]
    lesser = np.minimum(weights[members][:, None], weights[members][None, :])
    links = np.where(same, TOGETHER, -APART) * lesser / max(1, members.size - 1)
    np.fill_diagonal(links, 0.0)
    return _Chunk(members, links)


def _starts(vectors: Vectors, weights: Weights) -> Iterator[Labels]:
    """Splits along the principal directions, and by the stretch least like the heaviest one."""
    centred = (vectors - np.average(vectors, axis=0, weights=weights)) * np.sqrt(weights)[:, None]
    directions = np.linalg.svd(centred, full_matrices=False)[2][:STARTS]
    for direction in directions:
        yield np.asarray(centred @ direction > 0, dtype=np.int64)
    first = int(np.argmax(weights))
    other = int(np.argmin(vectors @ vectors[first]))
    yield np.asarray(vectors @ vectors[other] > vectors @ vectors[first], dtype=np.int64)


def _settled(vectors: Vectors, weights: Weights, linked: list[_Chunk], labels: Labels) -> tuple[Labels, float]:
    """Average and assign in turn until nothing changes; with the sum that was maximised."""
    total = 0.0
    for _ in range(ROUNDS):
        if labels.min() == labels.max():
            return labels, -np.inf
        scores = vectors @ _centres(vectors, weights, labels).T * weights[:, None]
        moved = labels.copy()
        total = sum(_assign(scores, chunk, moved) for chunk in linked)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels, total


def _centres(vectors: Vectors, weights: Weights, labels: Labels) -> Vectors:
    sums = np.stack([(vectors[labels == k] * weights[labels == k, None]).sum(axis=0) for k in (0, 1)])
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _assign(scores: Weights, chunk: _Chunk, labels: Labels) -> float:
    """Label the stretches of one chunk, one after another, into ``labels``; their share of the sum."""
    own = scores[chunk.members]
    mine = np.argmax(own, axis=1)
    for _ in range(SWEEPS):
        for i, links in enumerate(chunk.links):
            pull = float(links @ np.where(mine == 1, 1.0, -1.0))
            mine[i] = int(own[i, 1] - own[i, 0] + pull > 0)
    labels[chunk.members] = mine
    agreed = np.where(mine[:, None] == mine[None, :], chunk.links, 0.0).sum() / 2
    return float(own[np.arange(mine.size), mine].sum() + agreed)


def _likeness(vectors: Vectors, weights: Weights, labels: Labels) -> tuple[float, float]:
    """Mean cosine, weighted by seconds, of pairs across the voices and of pairs within one; 1 without such pairs."""
    if labels.min() == labels.max():
        return 1.0, 1.0
    masses = [weights[labels == k] for k in (0, 1)]
    sums = [(vectors[labels == k] * masses[k][:, None]).sum(axis=0) for k in (0, 1)]
    between = float(sums[0] @ sums[1] / (masses[0].sum() * masses[1].sum()))
    pairs = sum(float(m.sum() ** 2 - (m**2).sum()) for m in masses)
    likeness = sum(float(s @ s) - float((m**2).sum()) for s, m in zip(sums, masses, strict=True))
    return between, float(likeness / pairs) if pairs > 1e-9 else 1.0
