"""Notes in Markdown: the harm they could do, and the time they could take."""

import re

import pytest

from dashboard import prose


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "<javascript:alert(1)>",
        "[a]: javascript:alert(1)\n\n[a]",
        '[x](http://a "><img src=x onerror=alert(1)>")',
        "<img src=x onerror=alert(1)><svg/onload=alert(1)>",
        "![x](https://evil.example/who-reads-here.png)",
        "[x](//[evil)",
    ],
)
def test_holds_no_script_and_no_picture(text):
    html = prose.html(text)

    assert "<img" not in html and "<script" not in html and "<svg" not in html
    assert not any(
        f'href="{scheme}' in html.lower() for scheme in ("javascript", "data")
    )


@pytest.mark.parametrize("part", ["[", "![a", "*a **a ", "<![CDATA[", "|a", "a\n="])
def test_leaves_what_would_take_long_as_it_is(part):
    html = prose.html(part * 10_000)

    assert html.startswith("<pre>")
    assert "<![CDATA[" not in html


def test_formats_a_long_note():
    paragraph = "A *long* note with [a link](https://a.example) and `code`.\n\n"

    assert prose.html(paragraph * 500).count("<em>long</em>") == 500


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see #12, and **#7**", ["/p/vision/c/12/", "/p/vision/c/7/"]),
        ("(#3) #fff a#1 ##4 #5th &#38; x/#6 #7-8", ["/p/vision/c/3/"]),
        ("`#1` [#2](https://example.org)", ["https://example.org"]),
        ("# 9\n\n| a |\n|---|\n| #8 |", ["/p/vision/c/8/"]),
        ("#9999999999999999999999", []),
    ],
)
def test_numbers_lead_to_the_candidates_of_a_project(text, links):
    found = re.findall('href="([^"]+)"', prose.html(text, "vision"))

    assert found == links
    assert "/c/" not in prose.html(text)


def test_tasks_have_boxes():
    html = prose.html("- [ ] one\n- [x] two\n- [y] three\n\n[ ] four")

    assert "☐ one" in html
    assert "☑ two" in html
    assert "[y] three" in html
    assert "[ ] four" in html
