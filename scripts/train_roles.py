"""Train models/roles/weights.json: which cues and shapes of turns tell the agent from the customer.

    python scripts/train_roles.py

The calls are put together from scripts/roles/lines_*.json (written for this purpose): outbound, inbound, robot, third
party, voicemail, shouting agents and shouting customers, calls cut short; then the noise of recognition (characters
that sound alike, lost and wrong words) and of diarisation (turns in the wrong voice) is laid over them. A third of the
lines is kept out of training: on calls made of those the sharpness is calibrated, and the figures printed here are
measured. While training, cues are dropped at random, as if the phrases had not been thought of, and shapes
even more often: these calls were written by one hand, and a customer may well talk more than an agent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_service.records import Role, Turn
from qa_service.speech.roles.cues import load_cues
from qa_service.speech.roles.traits import SHAPE, parties, traits
from qa_service.text.pinyin import near_key, syllables

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "models" / "roles"
SEED, CALLS = 20, 1500
#: Share of lines that are kept for calibration.
KEPT_OUT = 3
CUE_DROPOUT, SHAPE_DROPOUT = 0.35, 0.6
RIDGE, STEPS, RATE = 0.005, 4000, 0.5
#: No chance above this: the calibration calls are no real ones.
MOST = 0.99

Line = tuple[str, str]
Array = NDArray[np.float64]


def main() -> None:
    rng = np.random.default_rng(SEED)
    names = [c.name for c in load_cues(FOLDER)] + list(SHAPE)
    print(f"{CALLS} calls for each language, training lines", flush=True)
    trained = np.stack(list(_differences(rng, names, kept_out=False)))
    weights = _fit(rng, trained, names)
    kept = np.stack(list(_differences(rng, names, kept_out=True)))
    sharpness = _calibrated(kept @ weights)
    for name, weight in sorted(zip(names, weights, strict=True), key=lambda w: -abs(w[1])):
        print(f"  {name:26} {weight:+.2f}")
    _report(sharpness * (kept @ weights))
    written = {
        "note": "Made by scripts/train_roles.py; positive speaks for the agent. Traits lie in [0, 1].",
        "sharpness": round(sharpness, 3),
        "most": MOST,
        "weights": {n: round(float(w), 3) for n, w in zip(names, weights, strict=True)},
    }
    (FOLDER / "weights.json").write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _differences(rng: np.random.Generator, names: Sequence[str], *, kept_out: bool) -> Iterator[Array]:
    """Traits of the agent less those of the customer, one row a call."""
    cues = load_cues(FOLDER)
    for language in ("zh", "en"):
        lines = _lines(language, kept_out)
        noise = _Noise(rng, language, lines)
        for _ in range(CALLS // (3 if kept_out else 1)):
            turns, direction = _call(rng, lines, noise)
            found = parties(turns, language)
            if len(found) < 2 or sum(p.size for p in found) < 30:
                continue
            agent, customer = sorted(found, key=lambda p: p.key[1] or 0)
            a = traits(agent, [customer], cues, direction)
            c = traits(customer, [agent], cues, direction)
            yield np.array([a[n] - c[n] for n in names])


def _lines(language: str, kept_out: bool) -> dict[str, Any]:
    """Every third line of each group is kept out of training; groups of one or two lines are used whole."""
    read = json.loads((ROOT / "scripts" / "roles" / f"lines_{language}.json").read_text(encoding="utf-8"))
    for side in ("agent", "customer"):
        for group, lines in read[side].items():
            part = [x for i, x in enumerate(lines) if (i % KEPT_OUT == 0) == kept_out]
            read[side][group] = part or lines
    return dict(read)


def _call(rng: np.random.Generator, lines: dict[str, Any], noise: _Noise) -> tuple[list[Turn], str | None]:
    kind = rng.choice(["outbound", "inbound", "third", "robot", "message"], p=[0.55, 0.17, 0.1, 0.12, 0.06])
    script = list(_script(rng, lines, str(kind)))
    if rng.random() < 0.25:  # the recording starts late or stops early
        first = int(rng.integers(0, max(1, len(script) // 2)))
        script = script[first : first + int(rng.integers(6, 14))]
    slip = rng.uniform(0, 0.15) if rng.random() < 0.4 else 0.0
    level = rng.uniform(0.02, 0.3)
    turns = []
    for i, (side, text) in enumerate(script):
        voice = int(side == "customer") ^ int(rng.random() < slip)
        said = noise.over(_filled(rng, text, lines["slots"]), level)
        turns.append(Turn(index=i, role=Role.UNKNOWN, voice=voice, start_s=4.0 * i, end_s=4.0 * i + 3, text=said))
    direction = "inbound" if kind == "inbound" else "outbound"
    return turns, direction if rng.random() < 0.7 else None


def _script(rng: np.random.Generator, lines: dict[str, Any], kind: str) -> Iterator[Line]:
    def one(side: str, *groups: str) -> Line:
        group = groups[int(rng.integers(len(groups)))]
        return side, str(rng.choice(lines[side][group]))

    if kind == "message":
        yield one("customer", "greeting")
        for _ in range(int(rng.integers(1, 4))):
            yield one("agent", "message", "debt", "close")
        return
    if kind == "inbound":
        yield one("agent", "open_in")
        yield one("customer", "request")
    else:
        if rng.random() < 0.5:
            yield one("customer", "open")
        yield one("agent", "robot" if kind == "robot" else "open")
        yield one("customer", "third" if kind == "third" else "open")
    if rng.random() < 0.5:
        yield one("agent", "verify")
        yield one("customer", "verify")
    yield one("agent", "robot" if kind == "robot" else "third" if kind == "third" else "debt")
    yield one("customer", "debt")
    yield from _talk(rng, one, kind)
    if rng.random() < 0.6:
        yield one("agent", "close")
        yield one("customer", "close")


def _talk(rng: np.random.Generator, one: Any, kind: str) -> Iterator[Line]:
    agent = ["push", "push", "consequence", "serve", "debt", "filler"]
    customer = ["hardship", "promise", "object", "ask", "filler", "filler", "debt"]
    agent += ["rude"] * (6 if rng.random() < 0.25 else 0)
    customer += ["swear", "object"] * (3 if rng.random() < 0.2 else 0)
    if kind == "third":
        agent, customer = ["third", "third", "push", "serve", "rude"], ["third", "third", "object", "filler"]
    if kind == "robot":
        agent = ["robot"]
    for _ in range(int(rng.integers(1, 8))):
        first, second = one("agent", *agent), one("agent", *agent)
        yield ("agent", f"{first[1]} {second[1]}") if rng.random() < 0.4 else first
        first, second = one("customer", *customer), one("customer", *customer)
        yield ("customer", f"{first[1]} {second[1]}") if rng.random() < 0.25 else first


def _filled(rng: np.random.Generator, text: str, slots: dict[str, list[str]]) -> str:
    for slot, values in slots.items():
        while f"{{{slot}}}" in text:
            text = text.replace(f"{{{slot}}}", str(rng.choice(values)), 1)
    return text


class _Noise:
    """What a small recogniser makes of the words: characters that sound alike, words lost or mistaken."""

    def __init__(self, rng: np.random.Generator, language: str, lines: dict[str, Any]) -> None:
        self.rng, self.language = rng, language
        said = " ".join(x for side in ("agent", "customer") for group in lines[side].values() for x in group)
        self.words = said.split()
        self.alike: dict[str, list[str]] = {}
        if language == "zh":
            level_one = [bytes([a, b]).decode("gb2312", "ignore") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFF)]
            for char in [c for c in level_one if c]:
                self.alike.setdefault(near_key(syllables(char)[0].text), []).append(char)

    def over(self, text: str, level: float) -> str:
        if self.language == "en":
            return " ".join(w for word in text.split() if (w := self._word(word, level)))
        sounds = {s.start: s.text for s in syllables(text)}
        return "".join(self._char(char, sounds.get(i), level) for i, char in enumerate(text))

    def _char(self, char: str, sound: str | None, level: float) -> str:
        if sound is None or self.rng.random() > level:
            return char
        if self.rng.random() < 0.2:
            return ""
        return str(self.rng.choice(self.alike.get(near_key(sound), [char])))

    def _word(self, word: str, level: float) -> str:
        if self.rng.random() > level / 2:
            return word
        return "" if self.rng.random() < 0.4 else str(self.rng.choice(self.words))


def _fit(rng: np.random.Generator, rows: Array, names: Sequence[str]) -> Array:
    """Projected gradient descent; a cue may only speak for the side that it is listed under."""
    sides = {c.name: 1.0 if c.side == Role.AGENT else -1.0 for c in load_cues(FOLDER)}
    is_cue = np.array([n in sides for n in names])
    sign = np.array([sides.get(n, 0.0) for n in names])
    dropped = np.where(is_cue, CUE_DROPOUT, SHAPE_DROPOUT)
    weights = np.zeros(len(names))
    for _ in range(STEPS):
        kept = np.where(rng.random(rows.shape) < dropped, 0.0, rows)
        wrong = 1 / (1 + np.exp(kept @ weights))
        weights += RATE * (kept.T @ wrong / len(rows) - RIDGE * weights)
        weights = np.where(is_cue & (weights * sign < 0), 0.0, weights)
    return np.asarray(weights)


def _calibrated(scores: Array) -> float:
    """The factor that makes the scores' logistic chances fit best (least log loss)."""
    options = np.geomspace(0.1, 10, 200)
    losses = [np.logaddexp(0, -s * scores).mean() for s in options]
    return float(options[int(np.argmin(losses))])


def _report(logits: Array) -> None:
    chance = np.clip(1 / (1 + np.exp(-logits)), 1 - MOST, MOST)
    sure = np.maximum(chance, 1 - chance)
    print(f"lines kept out: {len(logits)} calls, right {np.mean(logits > 0):.3f}")
    for low, high in ((0.5, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.0)):
        here = (sure >= low) & (sure < high) if high < 1 else sure >= low
        if here.any():
            print(f"  sure {low:.2f}-{high:.2f}: {here.sum():5d} calls, right {np.mean(logits[here] > 0):.3f}")


if __name__ == "__main__":
    main()
