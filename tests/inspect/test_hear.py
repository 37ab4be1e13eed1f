"""Who is told apart by the channel, who by the voice, and which turns are doubted for their sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa_service.audio.decode import decode
from qa_service.audio.types import SAMPLE_RATE, Samples
from qa_service.inspect.hear import POOR_AUDIO, Sound, declared_roles, doubted, hear
from qa_service.inspect.pipeline import Inspector
from qa_service.records import (
    AudioQuality,
    CallFacts,
    FindingState,
    Inspection,
    QualityIssue,
    Role,
    RoleSource,
)
from qa_service.settings import Settings
from tests.audio.sounds import write_wav
from tests.inspect.test_pipeline import SAMPLES, Heard, transcript

A, C, U = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN
#: The sample's sides change often within this time.
SECONDS = 25
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def sides() -> tuple[Samples, Samples]:
    """The beginning of a sample: agent and customer."""
    audio = decode(SAMPLES / "D-ZH-003.mp3", Settings(_env_file=None))  # type: ignore[call-arg]
    left, right = (c[: SECONDS * SAMPLE_RATE] for c in audio.channels)
    return left, right


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*channels: Samples) -> Path:
        sound = np.stack(channels).clip(-1, 1)
        return write_wav(tmp_path / "a.wav", (sound * 32767).astype(np.int16), SAMPLE_RATE)

    return written


def voices(sound: Sound) -> set[tuple[int, int | None]]:
    return {(s.channel, s.voice) for s in sound.spans}


def codes(sound: Sound) -> set[str]:
    return {i.code for i in sound.quality.issues}


def test_each_side_has_its_channel_as_declared(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    path = write(*sides)
    got = hear(path, CallFacts(), settings)
    assert (got.channel_roles, got.declared, got.roles.source) == ((A, C), (A, C), RoleSource.CHANNEL)
    assert got.roles.confidence == 1.0
    assert voices(got) == {(0, None), (1, None)}
    turned = hear(path, CallFacts(channels="agent_right"), settings)
    assert (turned.channel_roles, turned.spans) == ((C, A), got.spans)


def test_settings_say_which_channel_is_the_agents_where_facts_do_not(settings: Settings) -> None:
    audio = decode(SAMPLES / "D-ZH-003.mp3", settings)
    right = settings.model_copy(update={"agent_channel": "agent_right"})
    assert declared_roles(audio, CallFacts(), right)[0] == (C, A)
    assert declared_roles(audio, CallFacts(channels="agent_left"), right)[0] == (A, C)


def test_voices_of_one_channel_are_told_apart_and_nobody_is_known_yet(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    got = hear(write((sides[0] + sides[1]) / 2), CallFacts(), settings)
    assert (got.channel_roles, got.declared, got.roles.source) == ((U,), None, RoleSource.DIARISATION)
    assert 0 < got.roles.confidence <= 1
    assert voices(got) == {(0, 0), (0, 1)}


def test_the_same_sound_on_both_channels_is_heard_once_and_its_voices_told_apart(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    mixed = (sides[0] + sides[1]) / 2
    got = hear(write(mixed * 0.4, mixed), CallFacts(), settings)
    assert got.quality.duplicate_channels
    assert (got.channel_roles, got.declared, got.roles.source) == ((U, U), None, RoleSource.DIARISATION)
    assert voices(got) == {(1, 0), (1, 1)}


def test_beside_a_dead_channel_two_voices_are_told_apart(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    mixed = (sides[0] + sides[1]) / 2
    got = hear(write(mixed, np.zeros_like(mixed)), CallFacts(), settings)
    assert "dead_channel" in codes(got)
    assert (got.channel_roles, got.roles.source) == ((U, U), RoleSource.DIARISATION)
    assert voices(got) == {(0, 0), (0, 1)}


def test_beside_a_dead_channel_one_voice_is_whose_channel_it_is(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    got = hear(write(sides[0], np.zeros_like(sides[0])), CallFacts(), settings)
    assert "dead_channel" in codes(got)
    assert (got.channel_roles, got.roles.source) == ((A, C), RoleSource.CHANNEL)
    assert voices(got) == {(0, None)}


def test_where_nobody_speaks_nobody_is_told_apart(write: Write, settings: Settings) -> None:
    got = hear(write(np.zeros(3 * SAMPLE_RATE, np.float32)), CallFacts(), settings)
    assert (got.spans, got.channel_roles, got.roles.confidence) == ((), (U,), 0.0)


# --- doubted sound ----------------------------------------------------------------------------------------------------


def quality(effect: str, channel: int | None) -> AudioQuality:
    issue = QualityIssue.model_validate({"code": "noise", "effect": effect, "channel": channel, "detail": "noisy"})
    return AudioQuality(source_rate_hz=8000, issues=(issue,))


@pytest.mark.parametrize(
    ("effect", "channel", "flagged"),
    [("doubted", 1, [1]), ("doubted", 0, [0, 2]), ("doubted", None, [0, 1, 2]), ("noted", 1, []), ("gated", 0, [])],
)
def test_turns_on_a_doubted_channel_say_so(effect: str, channel: int | None, flagged: list[int]) -> None:
    said = transcript("一", "二", "三")
    turns = tuple(t.model_copy(update={"channel": t.index % 2, "flags": ("low_confidence",)}) for t in said.turns)
    got = doubted(said.model_copy(update={"turns": turns}), quality(effect, channel))
    assert [t.index for t in got.turns if POOR_AUDIO in t.flags] == flagged
    assert all(t.flags[0] == "low_confidence" for t in got.turns)
    assert [t.text for t in got.turns] == ["一", "二", "三"]


def inspected(path: Path, settings: Settings) -> Inspection:
    """A threat, on the left channel."""
    said = transcript("再不还钱我就找人打断你的腿", ratio=1.0)
    turns = tuple(t.model_copy(update={"channel": 0}) for t in said.turns)
    ear = Heard(said.model_copy(update={"turns": turns}))
    return Inspector(settings, transcriber=ear).inspect_audio(path, CallFacts(jurisdiction="CN"), call_id="C-1")


def test_findings_on_doubted_sound_are_unverified(
    write: Write, sides: tuple[Samples, Samples], settings: Settings
) -> None:
    good, bad = (inspected(write(sides[0] * gain, sides[1]), settings) for gain in (1, 60))
    assert [i.effect for i in good.quality.issues] == []  # type: ignore[union-attr]
    assert ("clipping", "doubted", 0) in [(i.code, i.effect, i.channel) for i in bad.quality.issues]  # type: ignore[union-attr]
    assert (good.turns[0].flags, bad.turns[0].flags) == ((), (POOR_AUDIO,))
    sure, doubtful = (next(f for f in i.findings if "CN-THREAT-01" in f.requirements) for i in (good, bad))
    assert (sure.state, doubtful.state) == (FindingState.CONFIRMED, FindingState.UNVERIFIED)
    assert POOR_AUDIO in doubtful.reason
    assert good.score
    assert bad.score
    assert good.score.points < bad.score.points
