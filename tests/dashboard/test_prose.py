"""Notes in Markdown: the harm they could do, and the time they could take."""

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
