"""What the asker may see of the calls: the one place where it is decided.

Today there is one account, which sees everything. Accounts that are bound to teams or to their own calls put their
bound here; every search, count, and look-up of a turn in the web layer takes it from here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from qa_service.errors import ErrorCode, NotFoundError
from qa_service.records import CallEntry
from qa_service.search.protocol import EVERYTHING, Access
from qa_service.web.deps import Identity_, Services, Services_


def access_of(_identity: Identity_, _services: Services_) -> Access:
    """The bound of who asks; needs a log-in like every route that searches."""
    return EVERYTHING


Access_ = Annotated[Access, Depends(access_of)]


def permitted_call(call_id: str, services: Services, access: Access) -> CallEntry:
    """A call that the asker may see.

    Raises:
        NotFoundError: CALL_NOT_FOUND, with the same words for a call outside the bound: that it exists is not told.
    """
    call = services.store.calls.get(call_id)
    if not within(access, call.facts.team, call.facts.agent_id):
        raise NotFoundError(ErrorCode.CALL_NOT_FOUND, f"There is no call {call_id}.", "See `qa status`.")
    return call


def unbounded(access: Access) -> bool:
    """Whether every call may be seen, and so how many there are."""
    return access == EVERYTHING


def within(access: Access, team: str | None, agent_id: str | None) -> bool:
    """As Access.allows, for a call that is not a search document."""
    return (access.teams is None or team in access.teams) and (access.agents is None or agent_id in access.agents)
