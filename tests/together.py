"""Many threads at one moment, each with a connection of its own, as in a server."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

PATIENCE_SECONDS = 60


def together(number, act):
    """What `act(0)`, `act(1)`, … return when all of them begin at once."""
    gate = threading.Barrier(number)

    def one(index):
        try:
            gate.wait(PATIENCE_SECONDS)
            return act(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))
