"""Other programs that a server needs, and waiting for them."""

import contextlib
import socket
import subprocess
import time

from tests.live import environment


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
    return found


def listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


class Process:
    """A program that listens on a port of its own."""

    def __init__(self, *command, port, folder):
        self.command, self.port, self.folder = command, port, folder

    def start(self):
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: listening(self.port))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
