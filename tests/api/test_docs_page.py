"""The page that explains the service: complete, alone in the world, and harmless."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.api.world import document, operations
from tests.builders import a_bank, address_in

from timebank.care.events import EventKind
from timebank_api import Settings, create_app
from timebank_api.docs_page import page_of
from timebank_api.markup import VOID, words

HOSTILE = """</style></pre><script>alert(1)</script>"'`<img src=x onerror=y>&lt;"""
ADDRESSES = {"href", "src", "srcset", "action", "style", "data", "poster", "background"}


class Seen(HTMLParser):
    """What a reader of HTML finds in a page."""

    def __init__(self, page: str) -> None:
        """Read it."""
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.headings: list[int] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that it ends what began last."""
        assert tag == self.open.pop()

    def all(self, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [value for each, value in self.attributes if each == name]


@pytest.fixture(scope="module")
def page() -> str:
    """The page about the committed description."""
    return page_of(document())


@pytest.fixture(scope="module")
def seen(page: str) -> Seen:
    """What is in it."""
    return Seen(page)


def served(folder: Path, **settings: Any) -> TestClient[Any]:  # noqa: ANN401
    """Return a client of the service over an empty database."""
    if not (folder / "books.db").exists():
        a_bank(folder).close()
    return TestClient(create_app(Settings(address=address_in(folder), webhooks="off", **settings)))


def test_the_service_shows_it_to_anybody(tmp_path: Path, page: str) -> None:
    """Without a token; the same page as long as the process lives, and no part of what it describes."""
    with served(tmp_path) as client:
        answer = client.get("/docs")

        assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
        assert page == answer.text
        assert 304 == client.get("/docs", headers={"If-None-Match": answer.headers["etag"]}).status_code
        assert 405 == client.post("/docs").status_code
    assert "/docs" not in document()["paths"]


def test_a_browser_is_told_to_do_nothing_but_show_it(tmp_path: Path, page: str) -> None:
    """No script, picture or frame from anywhere; only the very style that is in it."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    with served(tmp_path) as client:
        policy = client.get("/docs").headers["content-security-policy"].split("; ")

    assert {
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    } == set(policy)


def test_it_is_not_there_when_switched_off(tmp_path: Path) -> None:
    """As anything else that is not there."""
    with served(tmp_path, docs_page=False) as client:
        asked, missing = client.get("/docs"), client.get("/nowhere")

    assert (404, missing.content) == (asked.status_code, asked.content)


def test_it_links_to_where_a_proxy_shows_the_service() -> None:
    """As the description says."""
    at_a_proxy = page_of({**document(), "servers": [{"url": "/timebank"}]})

    assert "/schema/openapi.json" in Seen(page_of(document())).all("href")
    assert "/timebank/schema/openapi.json" in Seen(at_a_proxy).all("href")


def test_every_operation_is_there_with_what_belongs_to_it(page: str) -> None:
    """Method, path, words, parameters, body, answers, refusals."""
    for each in operations():
        part = page.partition(f'<article id="{each.name}">')[2].partition("</article>")[0]
        text = unescape(re.sub(r"<[^>]+>", "", part))
        assert each.document["summary"].replace("`", "") in text, each.name
        assert f"{each.method} {each.path}" in text
        for parameter in each.document.get("parameters", ()):
            assert parameter["name"] in text
        if each.form is not None:
            shown = each.body
            assert (
                shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False)
            ).strip() in text
        for status, answer in each.document["responses"].items():
            assert (f'href="#error-{status}"' if "$ref" in answer else status) in part


def test_every_event_error_and_shape_is_there(page: str, seen: Seen) -> None:
    """With its words, its codes, its fields."""
    components = document()["components"]
    ids = set(seen.all("id"))

    assert {f"event_{kind.value.replace('.', '_')}" for kind in EventKind} <= ids
    assert {f"error-{status}" for status in components["responses"]} <= ids
    assert {f"shape-{name}" for name in components["schemas"]} <= ids
    for code in ("insufficient_hours", "key_missing", "internal_error"):
        assert f"<code>{code}</code>" in page


def test_every_place_has_one_name_and_every_link_leads_there(seen: Seen) -> None:
    """Within the page; only the description is elsewhere, at the same service."""
    ids = seen.all("id")

    assert len(ids) == len(set(ids))
    assert {"/schema/openapi.json"} == {
        each for each in seen.all("href") if each.removeprefix("#") not in ids
    }


def test_it_names_no_outside_address_and_runs_nothing(page: str, seen: Seen) -> None:
    """It works without a network, and tells nobody that it was read."""
    assert "://" not in page.replace("https://receiver.example/", "")
    assert set() == seen.tags & {"script", "iframe", "img", "link", "object", "embed", "form", "base"}
    assert {"href"} == {name for name, _ in seen.attributes} & ADDRESSES
    assert [] == [name for name, _ in seen.attributes if name.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page


def test_it_can_be_read_aloud(seen: Seen) -> None:
    """A language, one main part, a named contents list, headings that leave out no level."""
    assert [] == seen.open
    assert {"header", "nav", "main"} <= seen.tags
    assert ["en"] == seen.all("lang")
    assert "Contents" in seen.all("aria-label")
    assert 1 == seen.headings.count(1)
    pairs = zip(seen.headings, seen.headings[1:], strict=False)
    assert [] == [(before, after) for before, after in pairs if after > before + 1]


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_can_be_read_by_day_and_by_night(page: str) -> None:
    """Every colour of text stands out from every ground by 4.5 to 1, or more."""
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", line)) for line in page.splitlines() if "--ink" in line
    ]
    found = [each for each in schemes if "shown" in each]

    assert 2 == len(found)
    for colours in found:
        for text in ("ink", "soft", "link"):
            for ground in ("paper", "shown"):
                pair = sorted((luminance(colours[text]), luminance(colours[ground])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (text, ground)


def spoilt(part: object) -> object:
    """Return a description in which every text that people wrote is hostile."""
    if isinstance(part, Mapping):
        return {
            name: f"{HOSTILE}{each}"
            if name in {"description", "summary", "example", "title"} and isinstance(each, str)
            else spoilt(each)
            for name, each in part.items()
        }
    return [spoilt(each) for each in part] if isinstance(part, list) else part


def test_hostile_texts_stay_texts() -> None:
    """Nothing in a description becomes an element, not even in names and addresses."""
    found = spoilt(json.loads(json.dumps(document())))
    assert isinstance(found, dict)
    found["paths"][f"/v1/{HOSTILE}"] = {"get": {**found["paths"]["/v1/me"]["get"], "operationId": HOSTILE}}
    found["components"]["schemas"][HOSTILE] = {"type": HOSTILE, "default": HOSTILE, "enum": [HOSTILE]}
    found["servers"] = [{"url": HOSTILE}]
    page = page_of(found)
    seen = Seen(page)

    assert HOSTILE not in page
    assert set() == seen.tags & {"script", "img"}
    assert [] == [name for name, _ in seen.attributes if name in {"src", "onerror"}]
    assert HOSTILE in seen.all("id")


def test_code_stands_between_backticks_and_nothing_else_is_markup() -> None:
    """One alone is a backtick."""
    assert "a <code>b&lt;</code> c" == words("a `b<` c")
    assert "it&#x27;s ` &amp; more" == words("it's ` & more")
