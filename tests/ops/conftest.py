"""Servers that a test may break: each has a data folder of its own."""

import pytest

from tests.live import Server


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A data folder in which a server has run before."""
    server = Server(tmp_path_factory.mktemp("prepared") / "data", fresh=True).start()
    assert server.stop() == 0, server.output()
    return server


@pytest.fixture
def server(prepared):
    """A running server on that folder."""
    server = Server(prepared.folder).start()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server:
        report.sections.append(("the server's output", server.output()[-20_000:]))
    return report
