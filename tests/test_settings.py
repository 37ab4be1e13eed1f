"""Settings from the environment: what is wrong is told by its name, what is empty is not set."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings, load_settings, unknown_settings
from tests.cli.conftest import Run, data, qa  # noqa: F401
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"QA_{name.upper()}", raising=False)


def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"QA_{name.upper()}", "")
    assert load_settings() == Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("QA_TIMEZONE", "Asia/Beijing", "no time zone 'Asia/Beijing'"),
        ("QA_TIMEZONE", "../../etc/passwd", "no time zone"),
        ("QA_LEASE_S", "inf", "finite"),
        ("QA_PORT", "70000", "65535"),
        ("QA_CLASSIFIER", "on", "'auto'"),
    ],
)
def test_a_wrong_value_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as wrong:
        load_settings()
    assert wrong.value.code is ErrorCode.SETTINGS_INVALID
    assert wrong.value.message.startswith(f"{name}: ")
    assert told in wrong.value.message


def test_a_file_of_settings_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("QA_HOTWORDS=信达".encode("gbk"))
    with pytest.raises(SetupError, match="is not UTF-8") as wrong:
        load_settings()
    assert str(tmp_path / ".env") in wrong.value.message


def test_names_that_are_no_settings_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("qa_modle=small\nPOSTGRES_PASSWORD=x\nQA_MODEL=base\n", encoding="utf-8")
    monkeypatch.setenv("QA_CLASIFIER", "off")
    told = [line for line in unknown_settings() if not line.startswith("QA_TEST_")]
    assert told == [
        "QA_CLASIFIER is no setting and changes nothing; did you mean QA_CLASSIFIER?",
        "QA_MODLE is no setting and changes nothing; did you mean QA_MODEL?",
    ]


def test_a_command_tells_them(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("QA_CLASIFIER", "off")
    ran = qa("status")
    assert ran.code == 0
    assert "QA_CLASIFIER is no setting" in ran.err
    assert "QA_CLASIFIER" not in ran.out


def test_the_container_takes_every_setting_and_keeps_its_places() -> None:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["qa"]
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert service["env_file"] == [{"path": ".env", "required": False}]
    assert set(service["environment"]) <= {f"QA_{field.upper()}" for field in Settings.model_fields}
    for name in ("QA_DATA_DIR", "QA_HOST", "QA_PORT"):
        assert f"{name}={service['environment'][name]}" in image


def test_a_closed_folder_is_named_without_a_traceback(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def closed() -> Settings:
        raise PermissionError(13, "Permission denied", "/closed/models")

    monkeypatch.setattr("qa_service.cli.kept.start", closed)
    ran = qa("status")
    assert ran.code == 2
    assert "/closed/models cannot be used: Permission denied" in ran.err
    assert "[file_unreadable]" in ran.err
