"""How facts about files are written down: short, and such that every database takes them."""

MAX_TEXT_CHARS = 500  # of one fact


def brief(value: object, chars: int = MAX_TEXT_CHARS) -> str:
    """A value as a short text that every database takes."""
    return str(value)[:chars].replace("\x00", "�").encode("utf-8", "replace").decode()
