"""Roles from words: on calls written here, never on the shared ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from qa_service.errors import SetupError
from qa_service.records import Coverage, EngineInfo, Role, Roles, RoleSource, Transcript, Turn
from qa_service.settings import Settings, bundled
from qa_service.speech.roles import assign

A, C = Role.AGENT, Role.CUSTOMER
Said = tuple[int, str]

OUTBOUND: tuple[Said, ...] = (
    (1, "喂?"),
    (0, "您好,这里是青禾消费金融,我姓郑,工号五零六,本次通话会录音。请问您是林悦女士吗?"),
    (1, "是我,什么事啊?"),
    (0, "您的借款逾期二十天了,目前应还两千一百元,您看什么时候能处理一下?"),
    (1, "我知道,我最近没工作,实在是没钱。"),
    (0, "我理解您的难处,您先还一部分可以吗,我帮您登记。"),
    (1, "那我下周发工资了先还五百吧。"),
    (0, "好的,感谢您的配合,再见。"),
)
#: The same as a small recogniser writes it: characters that sound alike.
MISHEARD: tuple[Said, ...] = (
    (1, "为"),
    (0, "您好这里是青和消费金荣我姓正公号五零六本次通话会录影请问您是林月女是吗"),
    (1, "是我什么是啊"),
    (0, "您的借宽于期二十天了目前硬环两千一百元您看什么时候能处理一下"),
    (1, "我知道我最近没公作实在是没前"),
    (0, "我离解您的难处您先还一部份可以吗我帮您登计"),
    (1, "那我下周发公资了先还五百吧"),
    (0, "好的感谢您的配和再见"),
)
INBOUND_EN: tuple[Said, ...] = (
    (1, "Thank you for calling Elm Street Financial, this call is recorded. How may I help you?"),
    (0, "Hi, I got a letter saying I'm behind and I don't think I owe that much."),
    (1, "Let me check that for you. Can you verify your date of birth and the last four of your social?"),
    (0, "Sure, it's May second, and four four one nine."),
    (1, "Thank you. Your account shows a balance of 310 dollars, past due since March."),
    (0, "I lost my job, I can't afford all of it. Can I pay half next month?"),
    (1, "I understand. We can set up a payment plan and I'll note that on the account."),
)
ABUSIVE: tuple[Said, ...] = (
    (0, "你欠的钱什么时候还?"),
    (1, "你是谁啊?"),
    (0, "我是谁?贷款公司的。你名下一万二逾期三个月了,要不要脸?"),
    (1, "我失业了,真的还不上,你再给我几天。"),
    (0, "少废话,今天之内必须还,不还我打给你单位。"),
    (1, "你威胁我?我要投诉你。"),
    (0, "去投诉啊,欠债还钱,你他妈还有理了。"),
)
#: A customer who talks far more than the agent, a third party who answers, and a robot.
COMPLAINT: tuple[Said, ...] = (
    (0, "你好。"),
    (
        1,
        "你们这个平台太不像话了,昨晚十点多还给我单位领导打电话,我老婆刚生完孩子,我厂里也停工了,我又不是不还,我要投诉。",
    ),
    (0, "您先别急,我查一下。"),
    (1, "我当时借的时候利息说是一分二,我还了两万多了,现在还欠三万,这合理吗?"),
    (0, "好的,您的意见我登记了。"),
)
THIRD_PARTY: tuple[Said, ...] = (
    (0, "喂,你好,请问认识高远吗?"),
    (1, "谁啊?"),
    (0, "他留了您的号码做紧急联系人,麻烦转告他,让他回个电话。"),
    (1, "我是他同事,我不管这个事,你别打给我。"),
)
ROBOT_EN: tuple[Said, ...] = (
    (0, "This is an automated message from Lakeview. Is this Sara Kent? Please say yes or no."),
    (1, "Yes."),
    (0, "Your payment of 120 dollars is 12 days late. Will you pay by Friday?"),
    (1, "I don't know, maybe."),
)
LONG_ANSWER_EN: tuple[Said, ...] = (
    (1, "Hello?"),
    (0, "Hi, is this Tom? It's Carla from Redwood, about the car."),
    (
        1,
        "Look, I know I'm behind, I've been in and out of the hospital, my wife's hours got cut, I just don't see how.",
    ),
    (0, "Okay, so what can you do?"),
    (1, "Maybe a hundred on the first, if my brother pays me back."),
)


def call(said: tuple[Said, ...], language: str, *, stereo: bool = False, sure: float = 1.0) -> Transcript:
    """Sides 0 and 1 are voices of one channel, or channels."""
    turns = tuple(
        Turn(
            index=i, role=Role.UNKNOWN, channel=side if stereo else 0, voice=None if stereo else side,
            start_s=4.0 * i, end_s=4.0 * i + 3, text=text,
        )
        for i, (side, text) in enumerate(said)
    )  # fmt: skip
    source = RoleSource.CHANNEL if stereo else RoleSource.DIARISATION
    return Transcript(
        language=language, duration_s=4.0 * len(said), turns=turns, coverage=Coverage(),
        roles=Roles(source=source, confidence=sure), engine=EngineInfo(name="none"),
    )  # fmt: skip


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


def mono(said: tuple[Said, ...], language: str, direction: str | None = "outbound", sure: float = 1.0) -> Transcript:
    return assign(call(said, language, sure=sure), declared=None, direction=direction, settings=settings())


def sides(transcript: Transcript) -> dict[int, set[Role]]:
    found: dict[int, set[Role]] = {}
    for turn in transcript.turns:
        found.setdefault(turn.channel if turn.voice is None else turn.voice, set()).add(turn.role)
    return found


@pytest.mark.parametrize(
    ("said", "language", "direction", "agent"),
    [
        (OUTBOUND, "zh", "outbound", 0),
        (OUTBOUND, "zh", None, 0),
        (MISHEARD, "zh", "outbound", 0),
        (ABUSIVE, "zh", "outbound", 0),
        (INBOUND_EN, "en", "inbound", 1),
        (COMPLAINT, "zh", "inbound", 0),
        (THIRD_PARTY, "zh", "outbound", 0),
        (ROBOT_EN, "en", "outbound", 0),
        (LONG_ANSWER_EN, "en", "outbound", 0),
    ],
)
def test_the_words_tell_the_agent(said: tuple[Said, ...], language: str, direction: str | None, agent: int) -> None:
    found = mono(said, language, direction)
    assert sides(found) == {agent: {A}, 1 - agent: {C}}
    assert found.roles.source == RoleSource.CONTENT
    assert found.roles.confidence >= 0.8


def test_which_voice_came_first_does_not_matter() -> None:
    exchanged = tuple((1 - side, text) for side, text in OUTBOUND)
    assert sides(mono(exchanged, "zh")) == {1: {A}, 0: {C}}


def test_the_reasons_name_side_time_and_cue() -> None:
    assert "agent at 12.0 s: states the debt and its amount" in mono(OUTBOUND, "zh").roles.evidence


def test_doubt_about_the_voices_is_doubt_about_the_roles() -> None:
    sure, unsure = mono(OUTBOUND, "zh"), mono(OUTBOUND, "zh", sure=0.5)
    assert unsure.roles.confidence == pytest.approx(sure.roles.confidence / 2, abs=1e-3)


@pytest.mark.parametrize(
    "said",
    [
        tuple((0, text) for _, text in OUTBOUND),
        ((0, "喂?"), (1, "你好。")),
        (),
    ],
)
def test_one_voice_or_too_few_words_stay_unknown(said: tuple[Said, ...]) -> None:
    found = mono(said, "zh")
    assert found.roles.confidence == 0.0
    assert {t.role for t in found.turns} <= {Role.UNKNOWN}


def test_words_that_agree_leave_the_declaration() -> None:
    found = assign(call(OUTBOUND, "zh", stereo=True), declared=(A, C), direction="outbound", settings=settings())
    assert sides(found) == {0: {A}, 1: {C}}
    assert (found.roles.source, found.roles.swapped) == (RoleSource.CHANNEL, False)
    assert found.roles.confidence > 0.99


def test_words_that_contradict_exchange_the_roles_and_say_so() -> None:
    found = assign(call(OUTBOUND, "zh", stereo=True), declared=(C, A), direction="outbound", settings=settings())
    assert sides(found) == {0: {A}, 1: {C}}
    assert (found.roles.source, found.roles.swapped) == (RoleSource.CONTENT, True)
    assert "contradict the declared channels" in found.roles.evidence[0]


def test_mild_doubt_lowers_the_confidence_and_leaves_the_declaration() -> None:
    said: tuple[Said, ...] = (
        (0, "是这样的,我这个事情说来话长,我先跟你讲一下前后的经过。"),
        (1, "行,你讲,我听着,慢慢来,不着急,先把话说完。"),
        (0, "我以前不是这么想的,后来才慢慢变成现在这个样子,您明白吗?"),
    )
    found = assign(call(said, "zh", stereo=True), declared=(A, C), direction=None, settings=settings())
    other = assign(call(said, "zh", stereo=True), declared=(C, A), direction=None, settings=settings())
    assert not found.roles.swapped
    assert not other.roles.swapped
    assert sides(found) == {0: {A}, 1: {C}}
    assert sides(other) == {0: {C}, 1: {A}}
    assert found.roles.confidence != other.roles.confidence


def test_a_dead_channel_leaves_the_declaration() -> None:
    said = tuple((0, text) for _, text in OUTBOUND)
    found = assign(call(said, "zh", stereo=True), declared=(A, C), direction=None, settings=settings())
    assert sides(found) == {0: {A}}
    assert found.roles.source == RoleSource.CHANNEL


def test_turns_without_words_take_the_role_of_their_voice() -> None:
    found = mono((*OUTBOUND, (1, "")), "zh")
    assert found.turns[-1].role == C


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(bundled("models") / "roles", models / "roles")
    (models / "roles" / "weights.json").write_text(json.dumps({"weights": {}}), encoding="utf-8")
    with pytest.raises(SetupError, match=r"weights\.json"):
        assign(call(OUTBOUND, "zh"), declared=None, direction=None, settings=settings(models_dir=models))
