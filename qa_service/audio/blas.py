"""numpy's matrix products on one thread.

Two threads sum in another order than one, so that spans and with them words would hang on how many cores a machine
has; and the second thread spins between products, on the core that a decoder could use (measured: 6 % of all work).
"""

from __future__ import annotations

from functools import cache


@cache
def one_thread() -> None:
    """From now on, for the whole process. Cheap to call again."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
