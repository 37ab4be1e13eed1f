"""``qa doctor``: examine the installation; each check says what was found and what to do about what is missing."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Literal

from qa_service.cli.output import held, some
from qa_service.errors import QAError
from qa_service.records import Record
from qa_service.settings import Settings, bundled

State = Literal["ok", "optional", "broken"]
#: Extras, the distribution that shows one is there, and what it gives.
EXTRAS = (
    ("torch", "torch", "openai-whisper engine, GPU decoding, training of classifiers"),
    ("torch", "openai-whisper", "the openai-whisper engine"),
    ("torch", "transformers", "the classifier on a GPU, and training it"),
    ("postgres", "psycopg", "PostgreSQL as the database (QA_DATABASE_URL)"),
    ("celery", "celery", "a job queue over several machines"),
)
CORE = ("faster-whisper", "ctranslate2", "onnxruntime", "fastapi", "sqlalchemy", "elasticsearch", "av")


class Check(Record):
    """One thing examined."""

    name: str
    state: State
    found: str
    advice: str = ""

    @property
    def mark(self) -> str:
        return {"ok": "✓", "optional": "–", "broken": "✗"}[self.state]


def examine(settings: Settings) -> list[Check]:
    """All checks, none of which stops the others."""
    return [
        Check(name="python", state="ok", found=f"{platform.python_version()} on {platform.system()}"),
        *_packages(),
        *_extras(),
        _guarded("weights", lambda: _weights(settings)),
        check_device(settings),
        _guarded("classifier", lambda: _classifier(settings)),
        _guarded("rules", lambda: _rules(settings)),
        _guarded("database", lambda: _database(settings)),
        check_index(settings),
        _guarded("disk", lambda: _disk(settings)),
        _password(settings),
    ]


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _packages() -> Iterator[Check]:
    for name in CORE:
        version = _version(name)
        if version:
            yield Check(name=name, state="ok", found=version)
        else:
            yield Check(name=name, state="broken", found="missing", advice="Install again: pip install .")


def _extras() -> Iterator[Check]:
    for extra, name, gives in EXTRAS:
        version = _version(name)
        if version:
            yield Check(name=name, state="ok", found=version)
        else:
            advice = f"Would give {gives}: pip install '.[{extra}]'"
            yield Check(name=name, state="optional", found="not installed", advice=advice)


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except QAError as wrong:
        return Check(name=name, state="broken", found=f"{wrong.message} [{wrong.code}]", advice=wrong.hint)
    except OSError as wrong:
        found = f"{wrong.filename or name} cannot be used: {wrong.strerror or wrong}"
        return Check(name=name, state="broken", found=found, advice="Check the path and its permissions.")


def _weights(settings: Settings) -> Check:
    from qa_service.speech.weights import resolve

    found = resolve(settings.model, settings, settings.engine)
    return Check(name="weights", state="ok", found=f"{found.name} for {settings.engine}, sha256 {found.sha256[:12]}…")


def check_device(settings: Settings) -> Check:
    """Where the model will compute, in which numbers, and why."""
    return _guarded("device", lambda: _device(settings))


def _device(settings: Settings) -> Check:
    from qa_service.speech.devices import choose
    from qa_service.speech.languages import check_settings

    if settings.engine == "openai-whisper" and not _version("torch"):
        return Check(name="device", state="broken", found="torch is missing", advice="pip install '.[torch]'")
    check_settings(settings)
    chosen = choose(settings)
    threads = f", {chosen.threads} threads" if chosen.kind == "cpu" else ""
    found = f"{chosen.name} in {chosen.compute_type}{threads}, batches of {chosen.batch_s:.0f} s ({chosen.why})"
    advice = ""
    if chosen.kind == "cpu" and settings.device == "auto":
        advice = "A GPU that CUDA knows would be used by itself (docs/engines.md)."
    return Check(name="device", state="ok", found=found, advice=advice)


def _classifier(settings: Settings) -> Check:
    from qa_service.classify.create import create_classifier

    made = create_classifier(settings)
    if made is None:
        advice = "Rules on signals are not assessed: set QA_CLASSIFIER=auto."
        return Check(name="classifier", state="optional", found="switched off", advice=advice)
    info = made.info
    return Check(
        name="classifier", state="ok", found=f"{info.name}, {info.runtime}, sha256 {info.weights_sha256[:12]}…"
    )


def _rules(settings: Settings) -> Check:
    from qa_service.rules.load import load_packs

    packs = load_packs(bundled("rules", settings.rules_dir)).values()
    return Check(name="rules", state="ok", found=", ".join(f"{p.name} {p.version} ({len(p.rules)})" for p in packs))


def _database(settings: Settings) -> Check:
    from qa_service.cli.context import open_data

    counts = open_data(settings).calls.counts()
    return Check(
        name="database", state="ok", found=f"{_hide_password(settings.database)}, {some(sum(counts.values()), 'call')}"
    )


def _hide_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if "@" in rest else url


def check_index(settings: Settings) -> Check:
    """The search index: what it holds and how far behind it is."""
    return _guarded("search index", lambda: _index(settings))


def _index(settings: Settings) -> Check:
    """What it holds, and how far behind the database it is: behind for long, or with refused calls, it needs a look."""
    from qa_service.cli.context import open_data
    from qa_service.jobs.overview import index_report
    from qa_service.search.create import open_index

    report = index_report(open_data(settings), lambda: open_index(settings))
    state, lag, error = report.state, report.lag, report.error
    behind = f"{some(lag.calls, 'call')} behind, {lag.parked} refused"
    if state is None:
        why = f"{error.message} [{error.code}]" if error else "no answer"
        return Check(name="search index", state="broken", found=f"{why}; {behind}", advice="Nothing is lost.")
    where = f"{state.backend} {state.version}"
    if settings.elasticsearch_url:
        where += f" at {_hide_password(settings.elasticsearch_url)}"
    found = f"{where}, {held(state)}; {behind}"
    advice = "Run `qa index status`." if lag.parked else "Run `qa work`, or `qa index retry`." if lag.calls else ""
    if state.unfilled and report.inspected:
        advice = "It is new and lacks what was inspected before: run `qa reindex`, or `qa work`."
    if state.building:
        advice = f"A new index is not finished: run `qa reindex`. {advice}".strip()
    return Check(name="search index", state="optional" if advice else "ok", found=found, advice=advice)


def _disk(settings: Settings) -> Check:
    place = next(p for p in [settings.data_dir.absolute(), *settings.data_dir.absolute().parents] if p.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < 2:
        return Check(name="disk", state="broken", found=f"{free:.1f} GB free", advice="Free some space for audio.")
    return Check(name="disk", state="ok", found=f"{free:.0f} GB free")


def _password(settings: Settings) -> Check:
    if settings.admin_password.get_secret_value():
        return Check(name="administrator", state="ok", found=f"{settings.admin_user}, password from QA_ADMIN_PASSWORD")
    advice = "Set QA_ADMIN_PASSWORD to choose it."
    found = f"{settings.admin_user}, random password printed at first `qa serve`"
    return Check(name="administrator", state="optional", found=found, advice=advice)
