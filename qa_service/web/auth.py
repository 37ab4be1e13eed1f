"""Who asks: one local administrator, known by a signed session cookie (pages) or HTTP Basic (programs)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from qa_service.errors import AccessError, ErrorCode
from qa_service.settings import Settings
from qa_service.store.store import Store

SESSION_COOKIE = "qa_session"
#: Failed log-ins from one address, and from all, within the window before more are refused.
MOST_FAILURES = 5
MOST_FAILURES_IN_ALL = 100
WINDOW_S = 300.0
#: Seconds for which a password that was right over HTTP Basic is not hashed again.
BASIC_S = 300.0


class TooManyAttemptsError(AccessError):
    """Wrong passwords came too often; ``retry_after_s`` says when to try again."""

    def __init__(self, retry_after_s: int) -> None:
        hint = f"Try again in {retry_after_s} seconds."
        super().__init__(ErrorCode.TOO_MANY_ATTEMPTS, "Too many failed log-ins.", hint)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Identity:
    """Who asks and how they showed it. ``session`` is empty for HTTP Basic."""

    user: str
    by: Literal["session", "basic"]
    session: str = ""


class Attempts:
    """Failed log-ins of the last minutes, by address. Kept in memory: a restart forgets them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raise TooManyAttemptsError where this address, or all together, failed too often."""
        with self._lock:
            now = self._forget()
            own = [at for at, who in self._failures if who == address]
            for times, most in ((own, MOST_FAILURES), ([at for at, _ in self._failures], MOST_FAILURES_IN_ALL)):
                if len(times) >= most:
                    raise TooManyAttemptsError(max(1, round(times[-most] + WINDOW_S - now)))

    def failed(self, address: str) -> None:
        with self._lock:
            self._failures.append((self._forget(), address))

    def succeeded(self, address: str) -> None:
        with self._lock:
            self._failures = deque(f for f in self._failures if f[1] != address)

    def _forget(self) -> float:
        now = self._clock()
        while self._failures and self._failures[0][0] < now - WINDOW_S:
            self._failures.popleft()
        return now


class Administrator:
    """The one account. Its password comes from settings, or is made at first start and printed once."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.user = settings.admin_user
        self._hasher = PasswordHasher()
        self._hash = self._settled(settings.admin_password.get_secret_value(), store)

    def _settled(self, wanted: str, store: Store) -> str:
        kept = store.accounts.password_hash(self.user)
        if kept and (not wanted or self._matches(kept, wanted)):
            return kept
        password = wanted or secrets.token_urlsafe(12)
        made = self._hasher.hash(password)
        store.accounts.set_password_hash(self.user, made)
        if not wanted:
            print(f"Administrator: {self.user}  password: {password}  (shown once)", file=sys.stderr, flush=True)
        return made

    def verify(self, user: str, password: str) -> bool:
        """Takes as long for an unknown user as for a wrong password."""
        right = self._matches(self._hash, password)
        return hmac.compare_digest(user.encode(), self.user.encode()) and right

    def mark(self) -> str:
        """Changes with the password, so that sessions end when it does."""
        return hashlib.sha256(self._hash.encode()).hexdigest()[:16]

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


class Gate:
    """Log-in, sessions and their tokens."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._administrator = Administrator(settings, store)
        secret = store.accounts.secret("cookie")
        self._sessions = URLSafeTimedSerializer(secret, salt="session")
        self._key = hashlib.sha256(f"csrf {secret}".encode()).digest()
        self._seconds = settings.session_hours * 3600
        self._attempts = Attempts()
        self._ended: set[str] = set()
        self._basic: dict[bytes, float] = {}
        self._verifying = threading.Lock()

    def log_in(self, user: str, password: str, address: str) -> str:
        """The value of a new session's cookie.

        Raises:
            AccessError: UNAUTHENTICATED or TOO_MANY_ATTEMPTS.
        """
        self._verify(user, password, address)
        value = self._sessions.dumps([self._administrator.user, secrets.token_urlsafe(18), self._administrator.mark()])
        return value if isinstance(value, str) else value.decode()

    def log_out(self, identity: Identity) -> None:
        """End a session for good, not only its cookie (until a restart, or its own end)."""
        self._ended.add(identity.session)

    def identify(self, request: Request) -> Identity | None:
        """Who asks, or None.

        Raises:
            AccessError: Basic credentials were given and are wrong.
        """
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._by_basic(given, request.client.host if request.client else "")
        return self._by_cookie(request.cookies.get(SESSION_COOKIE, ""))

    def token(self, session: str) -> str:
        """What a form or a script of this session must send along with a write."""
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def token_holds(self, session: str, token: str) -> bool:
        return hmac.compare_digest(self.token(session).encode(), token.encode())

    def _by_cookie(self, value: str) -> Identity | None:
        if not value:
            return None
        try:
            user, session, mark = self._sessions.loads(value, max_age=int(self._seconds))
        except (BadData, ValueError, TypeError):
            return None
        if user != self._administrator.user or mark != self._administrator.mark() or session in self._ended:
            return None
        return Identity(user, "session", session)

    def _by_basic(self, given: str, address: str) -> Identity:
        try:
            user, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _wrong() from None
        digest = hmac.new(self._key, f"{user}:{password}".encode(), hashlib.sha256).digest()
        if self._basic.get(digest, 0) < time.monotonic():
            self._verify(user, password, address, digest)
        return Identity(self._administrator.user, "basic")

    def _verify(self, user: str, password: str, address: str, digest: bytes = b"") -> None:
        """One at a time: hashing is meant to be dear, and guesses in parallel must not outrun the count."""
        self._attempts.check(address)
        with self._verifying:
            if digest and self._basic.get(digest, 0) >= time.monotonic():
                return
            self._attempts.check(address)
            if not self._administrator.verify(user, password):
                self._attempts.failed(address)
                raise _wrong()
            self._attempts.succeeded(address)
            if digest:
                self._basic = {digest: time.monotonic() + BASIC_S}


def _wrong() -> AccessError:
    return AccessError(ErrorCode.UNAUTHENTICATED, "The name or the password is wrong.", "Check both and try again.")
