"""The weights that ship: listed, hashed, small enough, safe to load; and what they say of plain cases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from qa_service.classify.create import LEARNED, PARTS, create_classifier
from qa_service.classify.labels import OUTPUTS
from qa_service.errors import ErrorCode, SetupError
from qa_service.records import Role
from qa_service.settings import Settings
from qa_service.shipped import shipped
from tests.conftest import ROOT
from tests.factories import turns

MODELS = ROOT / "models"
MOST_MB = 90


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder of models of one's own, hashes and all."""
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder, ignore=shutil.ignore_patterns("data", "speakers"))
    return folder


def made(**changes: object) -> object:
    return create_classifier(Settings(_env_file=None, device="cpu", **changes))  # type: ignore[arg-type]


def test_all_that_ships_is_listed_and_small_enough() -> None:
    listed = {entry["file"] for entry in shipped(MODELS).values()}
    assert {f"conduct/{part}" for part in PARTS} <= listed
    weights = [f for f in MODELS.rglob("*") if f.is_file() and f.suffix != ".jsonl"]  # turns are no weights
    assert sum(f.stat().st_size for f in weights) < MOST_MB * 1e6
    for entry in shipped(MODELS).values():
        assert all(entry[key] for key in ("licence", "source", "sha256", "quality"))
        assert (ROOT / entry["quality"]).is_file()


def test_nothing_that_ships_can_run_code_when_loaded() -> None:
    kinds = {f.suffix for f in MODELS.rglob("*") if f.is_file()}
    assert kinds <= {".onnx", ".safetensors", ".json", ".jsonl", ".md"}


@pytest.mark.parametrize(
    "part",
    [
        "conduct.safetensors",
        "conduct.onnx",
        "wide-en.safetensors",
        "near-zh.safetensors",
        "card.json",
        "tokenizer.json",
    ],
)
def test_a_file_that_was_changed_is_not_loaded(copied: Path, part: str) -> None:
    with (copied / "conduct" / part).open("ab") as file:
        file.write(b" ")
    with pytest.raises(SetupError) as told:
        made(models_dir=copied)
    assert told.value.code is ErrorCode.MODEL_CORRUPT
    assert part in str(told.value)


def test_a_file_that_is_gone_is_told(copied: Path) -> None:
    (copied / "conduct" / "words.safetensors").unlink()
    with pytest.raises(SetupError) as told:
        made(models_dir=copied)
    assert told.value.code is ErrorCode.MODEL_NOT_FOUND


def test_weights_of_ones_own_need_no_manifest(copied: Path) -> None:
    own = copied / "conduct"
    card = json.loads((own / "card.json").read_text(encoding="utf-8"))
    card["labels"]["insult"]["threshold"] = 0.9999
    (own / "card.json").write_text(json.dumps(card), encoding="utf-8")
    classifier = made(classifier_dir=own)
    (found,) = classifier.signals([turns("你他妈就是个废物,去死吧")])  # type: ignore[attr-defined]
    assert not any(s.told for s in found if s.label == "insult")


@pytest.mark.parametrize("part", LEARNED)
def test_whatever_was_learned_anew_is_told_by_the_hash(copied: Path, part: str) -> None:
    before = made(classifier_dir=copied / "conduct").info.weights_sha256  # type: ignore[attr-defined]
    assert before == made(models_dir=copied).info.weights_sha256  # type: ignore[attr-defined]
    shutil.copytree(copied, other := copied.parent / "other")
    with (other / "conduct" / part).open("ab") as file:
        file.write(b" ")
    assert made(classifier_dir=other / "conduct").info.weights_sha256 != before  # type: ignore[attr-defined]


def test_weights_of_ones_own_from_before_there_were_wordings_of_requirements_work(copied: Path) -> None:
    own = copied / "conduct"
    card = json.loads((own / "card.json").read_text(encoding="utf-8"))
    for name in ("wide-zh", "wide-en", "near-zh", "near-en"):
        (own / f"{name}.safetensors").unlink()
    with pytest.raises(SetupError) as told:
        made(classifier_dir=own)
    assert told.value.code is ErrorCode.MODEL_NOT_FOUND
    (own / "card.json").write_text(
        json.dumps({k: v for k, v in card.items() if not k.endswith("_requirements")}), encoding="utf-8"
    )
    (found,) = made(classifier_dir=own).signals([turns("你他妈就是个废物,去死吧")])  # type: ignore[attr-defined]
    assert any(s.told for s in found if s.label == "insult")


def test_weights_of_ones_own_say_whether_the_nearest_utterances_count(copied: Path) -> None:
    own = copied / "conduct"
    card = json.loads((own / "card.json").read_text(encoding="utf-8"))
    (own / "near-en.safetensors").unlink()
    with pytest.raises(SetupError, match=r"near-en\.safetensors is missing"):
        made(classifier_dir=own)
    (own / "card.json").write_text(json.dumps(card | {"near_requirements": 0}), encoding="utf-8")
    assert made(classifier_dir=own) is not None


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as told:
        made(classifier_dir=tmp_path)
    assert told.value.code is ErrorCode.MODEL_NOT_FOUND
    assert "train_conduct.py" in str(told.value)


@pytest.mark.parametrize("broken", ["", "{}", '{"base": "x", "labels": {"insult": {"threshold": 2}}}'])
def test_a_card_that_cannot_be_used_is_told(copied: Path, broken: str) -> None:
    (copied / "conduct" / "card.json").write_text(broken, encoding="utf-8")
    with pytest.raises(SetupError) as told:
        made(classifier_dir=copied / "conduct")
    assert told.value.code is ErrorCode.MODEL_CORRUPT


def test_it_can_be_switched_off() -> None:
    assert made(classifier="off") is None


def test_the_card_has_the_outputs_in_their_order() -> None:
    card = json.loads((MODELS / "conduct" / "card.json").read_text(encoding="utf-8"))
    assert tuple(card["labels"]) == OUTPUTS


PLAIN = [
    ("你他妈就是个废物,全家都是垃圾", "insult"),
    ("You are a worthless piece of trash", "insult"),
    ("我是公安局的,你这个案子已经立案了", "impersonation"),
    ("哥几个晚上去你家坐坐,你自己掂量", "threat_violence"),
    ("你把钱直接转到我个人的微信就行了", "improper_payment"),
]


@pytest.mark.parametrize(("text", "label"), PLAIN)
def test_plain_cases_are_told(text: str, label: str) -> None:
    (found,) = made().signals([turns(text)])  # type: ignore[attr-defined]
    assert label in {s.label for s in found if s.told}


@pytest.mark.parametrize(
    "text", ["您好,请问是张先生吗", "Good morning, may I speak with Ms. Lee?", "好的,那我给您登记一下"]
)
def test_plain_talk_is_not(text: str) -> None:
    (found,) = made().signals([turns(text)])  # type: ignore[attr-defined]
    assert [s.label for s in found if s.told and s.label not in ("empathy", "resolution_offer")] == []


@pytest.mark.parametrize("before", ["Hello, this is Dana from Harbor Recovery.", "您好,请问是王女士吗?"])
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("you idiot, shut your mouth", "insult"),
        ("If you don't pay, I'll come to your house and break your legs.", "threat_violence"),
        ("你就是个无赖,不要脸", "insult"),
    ],
)
def test_a_speaker_who_is_cut_into_turns_is_heard_as_well(before: str, text: str, label: str) -> None:
    spoken = [turn.model_copy(update={"role": Role.AGENT}) for turn in turns(before, text)]
    (found,) = made(classifier="onnx").signals([spoken])
    assert label in {s.label for s in found if s.turn == 1 and s.told}


def test_what_else_is_judged_with_it_changes_no_score() -> None:
    classifier = made()
    call = turns("你等着,我明天就到你家门口坐着", "你别来", "那你还钱")
    others = [turns("Hello there, how are you", "Fine, and you?"), turns("好" * 90, "嗯")]
    alone = classifier.signals([call])[0]  # type: ignore[attr-defined]
    beside = classifier.signals([others[0], call, others[1]])[1]  # type: ignore[attr-defined]
    assert [(s.turn, s.label) for s in alone] == [(s.turn, s.label) for s in beside]
    assert [s.probability for s in alone] == pytest.approx([s.probability for s in beside], abs=2e-3)


def test_like_is_near_like() -> None:
    near, other, far = made().vectors(["我要投诉你们", "我会去投诉的", "今天下雨了"])  # type: ignore[attr-defined]
    assert near @ other > near @ far
