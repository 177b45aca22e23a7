"""Templates are indented for those who read them; pages are sent without it."""

import re

from django.template import Origin
from django.template.loaders import filesystem

INDENT = re.compile(r"\n[ \t]+")


class Loader(filesystem.Loader):
    """Our own templates. Lines stay lines, so that errors name the right one."""

    def get_contents(self, origin: Origin) -> str:
        return INDENT.sub("\n", super().get_contents(origin))
