"""Log lines without secrets, each on one line, with the number of its request."""

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")

HIDDEN = "[hidden]"
SECRETS = re.compile(
    # A header, a cookie or a setting, as it stands in a dump of any kind.
    r"(?P<name>authorization|cookie|set-cookie|password|passwd|secret|token|api[_-]?key"
    r"|sessionid|csrfmiddlewaretoken)"
    r"(?P<sign>[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s\"'&,;]+"
    r"|\b(?:bearer|basic)\s+[A-Za-z0-9+/=_.~-]{8,}",
    re.I,
)
# What our tokens begin with; GitLab's too, which people send by mistake.
TOKENS = re.compile(r"\b(?:trk_|glpat-)[A-Za-z0-9_-]{8,}")
# Who is named in an address; an invitation and a one-time link, by which whoever has the
# address may come in.
ADDRESSES = re.compile(
    r"(?<=://)[^\s/@]*:[^\s/@]+(?=@)"
    r"|(?<=/join/)[^/\s\"'?]+"
    r"|(?<=/set-password/)[^/\s]+/[^/\s\"'?]+"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def hidden(text: str) -> str:
    text = SECRETS.sub(
        lambda found: (
            f"{found['name']}{found['sign']}{HIDDEN}" if found["name"] else HIDDEN
        ),
        text,
    )
    return ADDRESSES.sub(HIDDEN, TOKENS.sub(HIDDEN, text))


class Line(logging.Formatter):
    """A message cannot begin a second line; a traceback may have several."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        record.message = CONTROL.sub(
            lambda found: found[0].encode("unicode_escape").decode(), record.message
        )
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record))
