"""The queue in files: what is taken is whole, however early."""

from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from tracker import broker


@pytest.fixture
def channel(tmp_path):
    folders = dict.fromkeys(["data_folder_in", "data_folder_out"], str(tmp_path))
    options = {**folders, "control_folder": str(tmp_path / "control")}
    with Connection("filesystem://", transport_options=options) as connection:
        assert connection.transport_cls == "filesystem"
        yield connection.channel()


def test_is_the_queue_that_celery_uses(channel):
    assert isinstance(channel, broker.Channel)


def test_gives_messages_in_order(channel):
    for number in range(5):
        channel._put("celery", {"number": number})

    assert [channel._get("celery")["number"] for _ in range(5)] == list(range(5))


def test_gives_no_message_before_it_is_complete(channel, monkeypatch):
    rename, looked = Path.rename, []

    def look_first(draft, name):
        with pytest.raises(Empty):
            channel._get("celery")
        looked.append(draft.stat().st_size)
        return rename(draft, name)

    monkeypatch.setattr(Path, "rename", look_first)
    channel._put("celery", {"number": 1})

    assert looked[0] > 0
    assert channel._get("celery") == {"number": 1}
