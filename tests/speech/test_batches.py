"""Batches: every window exactly once, only its like beside it, within the device's bounds, on every worker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_service.audio.types import Audio, SpeechSpan
from qa_service.speech.batches import BATCH_WINDOWS, Batch, Task, batches, decode_all, encode_all
from qa_service.speech.protocol import Decoded, Encoded
from qa_service.speech.turns import Clip
from qa_service.speech.windows import pack
from tests.speech.fakes import Asked, Parrot, audio, fills

SOUND: Audio = audio(60)
ENCODED = Encoded(np.zeros(1, np.float32), np.zeros((1, 1), np.float32))


def task(at_s: float = 1.0, length_s: float = 2.0, call: int = 0, **about: object) -> Task:
    clip = Clip(0, at_s, at_s + length_s, (SpeechSpan(0, at_s, at_s + length_s),))
    return replace(Task(call, pack([clip])[0], SOUND, "zh"), **about)  # type: ignore[arg-type]


tasks = st.lists(
    st.builds(
        lambda length, careful, encoded, language, prompt: task(
            1.0, length, careful=careful, encoded=encoded, language=language, prompt=prompt
        ),
        st.sampled_from([0.5, 1.0, 1.5, 4.2, 11.0, 27.5]),
        st.booleans(),
        st.sampled_from([None, ENCODED]),
        st.sampled_from(["zh", "en"]),
        st.sampled_from(["", "逾期。"]),
    ),
    max_size=60,
)


@given(tasks, st.floats(1, 200), st.integers(1, 8))
def test_every_task_is_in_exactly_one_batch_of_its_kind(given_tasks: list[Task], batch_s: float, workers: int) -> None:
    made = list(batches(given_tasks, batch_s, workers))
    assert sorted(id(t) for b in made for t in b) == sorted(map(id, given_tasks))
    assert all(made)
    assert all(len({t.kind for t in b}) == 1 for b in made)
    lengths = [b[0].window.padded_s for b in made]
    assert lengths == sorted(lengths, reverse=True)


@given(tasks, st.floats(1, 200), st.integers(1, 8))
def test_a_batch_holds_no_more_than_the_device_and_batches_of_a_kind_are_alike(
    given_tasks: list[Task], batch_s: float, workers: int
) -> None:
    made = list(batches(given_tasks, batch_s, workers))
    assert all(len(b) == 1 or len(b) * b[0].window.padded_s <= batch_s for b in made)
    for kind in {t.kind for t in given_tasks}:
        sizes = [len(b) for b in made if b[0].kind == kind]
        assert max(sizes) - min(sizes) <= 1


@given(tasks, st.floats(1, 200), st.integers(1, 8))
def test_there_is_work_for_every_worker_where_there_is_enough(
    given_tasks: list[Task], batch_s: float, workers: int
) -> None:
    made = list(batches(given_tasks, batch_s, workers))
    kinds = {t.kind for t in given_tasks}
    of_each = min((sum(t.kind == kind for t in given_tasks) for kind in kinds), default=0)
    if of_each * len(kinds) >= workers and of_each >= -(-workers // max(1, len(kinds))):
        assert len(made) >= workers


def test_many_short_windows_are_no_single_batch() -> None:
    made = list(batches([task(length_s=0.5) for _ in range(200)], 10_000.0, 1))
    assert [len(b) for b in made] == [50, 50, 50, 50]
    assert BATCH_WINDOWS >= 50


def test_the_longest_come_first() -> None:
    made = list(batches([task(length_s=n) for n in (1, 9, 4, 9)], 1000.0, 1))
    assert [[t.window.padded_s for t in b] for b in made] == [[11, 11], [6], [3]]


@pytest.mark.parametrize("workers", [1, 3])
def test_decoded_windows_come_with_their_tasks_in_the_callers_thread(workers: int) -> None:
    given_tasks = [task(at_s=float(i), length_s=1 + i % 4, call=i) for i in range(20)]
    found: dict[int, str] = {}
    threads: set[int] = set()

    def after(batch: Batch, heard: Sequence[Decoded]) -> None:
        threads.add(threading.get_ident())
        found.update({t.call: d.text for t, d in zip(batch, heard, strict=True)})

    decode_all(Parrot(workers=workers, batch_s=9.0), given_tasks, after)
    one = Parrot()
    expected = {t.call: one.decode(one.encode([t.window.sound(SOUND)], 5), "zh", "")[0].text for t in given_tasks}
    assert found == expected
    assert threads == {threading.get_ident()}


def test_workers_work_at_once() -> None:
    """Each batch waits for the other: one worker alone would wait for ever."""
    both = threading.Barrier(2, timeout=30)

    def say(asked: Asked) -> Decoded:
        both.wait()
        return fills(asked)

    done: list[int] = []
    decode_all(Parrot(say, workers=2), [task(1), task(5)], lambda batch, heard: done.append(len(batch)))
    assert done == [1, 1]


def test_what_is_encoded_is_not_encoded_again() -> None:
    parrot = Parrot()
    known = task(3.0, 2.0)
    ((encoded, chances),) = encode_all(parrot, [known])
    assert chances["zh"] == pytest.approx(0.97123)
    decode_all(parrot, [replace(known, encoded=encoded), task(9.0, 2.0)], lambda batch, heard: None)
    assert parrot.encoded == [2.0, 2.0]
    assert sorted(a.at_s for a in parrot.asked) == [3.0, 9.0]


def test_encodings_come_in_the_order_of_their_tasks() -> None:
    given_tasks = [task(at_s=float(i), length_s=1 + i % 4) for i in range(1, 12)]
    got = encode_all(Parrot(workers=3, batch_s=8.0), given_tasks)
    assert [round(float(e.clip[0]) * 1000, 1) for e, _ in got] == [float(i) for i in range(1, 12)]


def test_nothing_to_do_asks_nothing() -> None:
    parrot = Parrot()
    decode_all(parrot, [], lambda batch, heard: None)
    assert encode_all(parrot, []) == []
    assert (parrot.asked, parrot.encoded) == ([], [])
