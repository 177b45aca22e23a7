"""The queue in files, for a machine without Redis: Celery's transport, with whole messages.

Its own sender writes a message in place. A worker that takes it before the last byte
finds no JSON in it and stops; here a message gets its name when it is complete.
"""

from pathlib import Path
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    # The stubs of its two parents do not agree with each other.
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Workers take messages in the order of their names.
        name = f"{time_ns()}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        draft = folder / f"{name}.draft"  # an ending that no queue has
        try:
            draft.write_bytes(dumps(message).encode())
            draft.rename(folder / name)
        except OSError as problem:
            raise ChannelError(f"Cannot add {name} to {folder}") from problem


class Transport(filesystem.Transport):
    Channel = Channel
