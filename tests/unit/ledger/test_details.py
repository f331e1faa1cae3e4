import hashlib
import hmac
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import DetailsUnreadable
from timebank.ledger.details import (
    SECRET_BYTES,
    Details,
    commitment_of,
    details_text,
    is_committed,
    parse_details,
)

TEXT = """\
timebank-details/1
help "shopping"
mode "in-person"
start 1781524800000000
minutes 90
words "caf\\u00e9, \\"au lait\\"\\nminutes 5"
"""
DETAILS = Details(
    help="shopping",
    mode="in-person",
    start=1_781_524_800_000_000,
    minutes=90,
    words='cafe\u0301, "au lait"\nminutes 5',
)
SECRET = bytes(range(32))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
all_details = st.builds(
    Details,
    help=st.none() | texts,
    mode=st.none() | texts,
    start=st.none() | st.integers(-(2**60), 2**60),
    minutes=st.none() | st.integers(0, 10**6),
    words=st.none() | texts,
)


def composed(text: str | None) -> str | None:
    """Return a text in the form in which it is written."""
    return None if text is None else unicodedata.normalize("NFC", text)


def test_the_canonical_text_is_fixed() -> None:
    """A change of a single byte would make every commitment ever given out impossible to check."""
    assert TEXT == details_text(DETAILS)


def test_the_commitment_can_be_computed_without_us() -> None:
    """RFC 2104 with SHA-256 over the text, as bytes."""
    assert hmac.new(SECRET, TEXT.encode("ascii"), hashlib.sha256).digest() == commitment_of(TEXT, SECRET)


@given(all_details)
def test_what_is_written_can_be_read(details: Details) -> None:
    """Whatever people write: line breaks and quotation marks, too."""
    found = parse_details(details_text(details))

    assert details_text(details) == details_text(found)
    assert (composed(details.help), composed(details.words)) == (found.help, found.words)
    assert (details.start, details.minutes) == (found.start, found.minutes)


@given(all_details, all_details)
def test_no_two_details_have_one_text(one: Details, other: Details) -> None:
    """Unless they differ in how Unicode writes the same characters only."""
    alike = [
        (composed(each.help), composed(each.mode), each.start, each.minutes, composed(each.words))
        for each in (one, other)
    ]

    assert (alike[0] == alike[1]) == (details_text(one) == details_text(other))


@given(all_details, st.data())
def test_a_commitment_is_to_one_text_and_one_secret(details: Details, data: st.DataObject) -> None:
    """Any other text or secret is not what the entry has committed itself to."""
    text = details_text(details)
    commitment = commitment_of(text, SECRET)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
    bit = data.draw(st.integers(0, 8 * SECRET_BYTES - 1))
    turned = bytes(each ^ (1 << bit % 8 if place == bit // 8 else 0) for place, each in enumerate(SECRET))

    assert is_committed(commitment, text, SECRET)
    assert not is_committed(commitment, changed, SECRET)
    assert not is_committed(commitment, text, turned)
    assert not is_committed(commitment, text, SECRET[:-1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "timebank-details/2\n",
        "timebank-details/1",
        "timebank-details/1\n\n",
        "timebank-details/1\r\nminutes 90\r\n",
        "timebank-details/1\nminutes 090\n",
        "timebank-details/1\nminutes +9\n",
        "timebank-details/1\nminutes ９\n",
        "timebank-details/1\nminutes 9\nminutes 9\n",
        "timebank-details/1\nminutes 9\nstart 5\n",
        "timebank-details/1\nwords 9\n",
        "timebank-details/1\nwords x\n",
        'timebank-details/1\nwords "é"\n',
        'timebank-details/1\nwords "e\\u0301"\n',
        f"timebank-details/1\nwords {'[' * 100_000}\n",
        "timebank-details/1\ncolour 5\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """One text for one meaning: another spelling of the same would not hash to the same."""
    with pytest.raises(DetailsUnreadable):
        parse_details(text)
