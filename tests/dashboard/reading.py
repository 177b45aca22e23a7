"""Reading a page as a person does: its title, its links, its table, its words."""

import csv
import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = set("col meta link input img br hr wbr source".split())


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list = field(default_factory=list)

    def walk(self):
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, tag, **wanted):
        return [
            found
            for found in self.walk()
            if found.tag == tag
            and all(
                found.attributes.get(name.rstrip("_").replace("_", "-")) == value
                for name, value in wanted.items()
            )
        ]

    def one(self, tag, **wanted):
        [found] = self.all(tag, **wanted)
        return found

    @property
    def text(self):
        words = "".join(
            child if isinstance(child, str) else f" {child.text} "
            for child in self.children
        )
        return " ".join(words.split())

    @property
    def exact(self):
        """Every character as it stands, as in code."""
        return "".join(
            child if isinstance(child, str) else child.exact for child in self.children
        )

    @property
    def classes(self):
        return self.attributes.get("class", "").split()


class Page(HTMLParser):
    """The tree of a page. Fails where a tag is closed that was not open."""

    def __init__(self, response):
        super().__init__()
        self.root = Element("document", {})
        self.open = [self.root]
        self.feed(response.content.decode())
        assert self.open == [self.root], f"left open: {[e.tag for e in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = Element(tag, {name: value or "" for name, value in attributes})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].children.append(Element(tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, text):
        self.open[-1].children.append(text)

    @property
    def title(self):
        return self.root.one("title").text

    @property
    def main(self):
        return self.root.one("main")

    def link(self, text):
        """Where the first link with these words leads."""
        return self.links(text)[0]

    def links(self, text):
        return [
            a.attributes["href"]
            for a in self.root.all("a")
            if a.text == text or a.attributes.get("aria-label") == text
        ]

    @property
    def rows(self):
        """The table's body: the text of each cell."""
        [body] = self.root.all("tbody")
        return [
            [cell.text for cell in row.children if isinstance(cell, Element)]
            for row in body.all("tr")
        ]

    @property
    def headings(self):
        """The words of the table's last header row."""
        row = self.root.one("thead").all("tr")[-1]
        return [th.text for th in row.all("th")]

    def column(self, heading):
        place = self.headings.index(heading)
        return [row[place] for row in self.rows]

    def values(self, name):
        """What the form fields of this name hold."""
        return [
            field.attributes.get("value", "")
            for field in self.root.all("input", name=name)
        ]


HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def is_harmless(page):
    """Whether nothing of HOSTILE became markup."""
    return not page.root.all("img") and not any(
        name.startswith("on") for e in page.root.walk() for name in e.attributes
    )


# ---------------------------------------------------------------- files


def file_link(browser, page, form):
    """Where a page leads for what it shows as a file."""
    [link] = [
        a.attributes["href"]
        for a in Page(browser.get(page)).main.all("a")
        if f"{page.partition('?')[0][:-1]}.{form}" in a.attributes.get("href", "")
    ]
    return link


def lines(answer):
    """What such a file holds: one dict to a line."""
    assert answer.status_code == 200, answer
    text = b"".join(answer.streaming_content).decode()
    if answer["Content-Type"] == "application/json":
        return json.loads(text)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
