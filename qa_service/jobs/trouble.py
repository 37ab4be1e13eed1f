"""What is recorded of an error that stopped one call."""

from __future__ import annotations

from qa_service.errors import ErrorCode, QAError
from qa_service.records import ErrorInfo


def error_info(wrong: Exception) -> ErrorInfo:
    """Code and words to show. Of an unexpected error only its kind: its own words may be the customer's."""
    if isinstance(wrong, QAError):
        return ErrorInfo(code=wrong.code, message=f"{wrong.message} {wrong.hint}".strip())
    message = f"An unexpected {type(wrong).__name__} came up; the log says where. Please report it."
    return ErrorInfo(code=ErrorCode.INTERNAL, message=message)
