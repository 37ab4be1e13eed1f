"""From kept calls to what the index takes: documents with their stage and vectors, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa_service import logs
from qa_service.errors import ErrorCode, SetupError
from qa_service.jobs.trouble import error_info
from qa_service.records import CallEntry
from qa_service.rules.plans import stage
from qa_service.search.document import CallDocument, document
from qa_service.search.protocol import Refused
from qa_service.search.vectors import with_vectors

if TYPE_CHECKING:
    from qa_service.search.protocol import Embedder
    from qa_service.store.store import Store

log = logs.get(__name__)

Write = Callable[[Sequence[CallDocument]], Sequence[Refused]]


@dataclass
class Made:
    """Documents of some calls. ``silent`` are calls in which nothing was said, or that are gone: they have none.

    ``broken`` are calls whose document could not be made.
    """

    documents: list[CallDocument] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    broken: list[Refused] = field(default_factory=list)


def make(store: Store, call_ids: Sequence[str], embedder: Embedder | None) -> Made:
    """Documents of these calls as they stand now, in this order; one that breaks is told and holds up no other."""
    entries = store.corpus.entries(call_ids)
    made = Made()
    for call_id in call_ids:
        entry = entries.get(call_id)
        try:
            found = _document(entry) if entry else None
        except Exception as wrong:  # whatever is odd about one call, the others can be found
            made.broken.append(_refused(call_id, wrong))
            continue
        if found and found.turns:
            made.documents.append(found)
        else:
            made.silent.append(call_id)
    if embedder and made.documents:
        made.documents = _meant(made.documents, embedder)
    return made


def offer(write: Write, documents: Sequence[CallDocument]) -> list[Refused]:
    """Write documents; what breaks unexpectedly is tried by itself, so that it takes no other with it.

    Raises:
        SetupError: the index is down, or takes none of several for the time being, which is its own trouble and not
            theirs; whatever was written may be written again.
    """
    if not documents:
        return []
    try:
        refused = list(write(documents))
    except SetupError:
        raise
    except Exception as wrong:  # a fault of ours or of a library over one document must not stop the queue for ever
        if len(documents) == 1:
            return [_refused(documents[0].call_id, wrong)]
        return [refused for one in documents for refused in offer(write, [one])]
    if len(refused) == len(documents) > 1 and all(one.passing for one in refused):
        message = f"The search index takes nothing for the time being: {refused[0].reason.rstrip('.')}."
        raise SetupError(ErrorCode.INDEX_UNAVAILABLE, message, "The calls go on waiting.")
    return refused


def _refused(call_id: str, wrong: Exception) -> Refused:
    logs.failure(log, f"search document of call {call_id}", wrong)
    return Refused(call_id=call_id, reason=error_info(wrong).message, passing=False)


def _document(entry: CallEntry) -> CallDocument | None:
    overdue = entry.facts.overdue_days
    return document(entry, None if overdue is None else stage(overdue))


def _meant(documents: list[CallDocument], embedder: Embedder) -> list[CallDocument]:
    """With vectors; as they are where the encoder fails, so that words can be found at least."""
    try:
        return with_vectors(documents, embedder)
    except Exception as wrong:  # runtimes of networks raise what they like
        logs.failure(log, "search by meaning", wrong)
        return documents
