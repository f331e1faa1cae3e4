import pytest

from timebank.care.inputs import REASON_MOST, clean_text, optional_reason_of, reason_of
from timebank.errors import BadText, ReasonMissing


def test_text_is_kept_composed_and_without_outer_blanks() -> None:
    """One name has one spelling, whichever keyboard it came from."""
    assert "Zoé" == clean_text("  Zoe\u0301\n", what="name", most=4)


def test_length_counts_composed_characters() -> None:
    """A letter typed as two characters is one letter; the limit itself is allowed."""
    assert "é" * 4 == clean_text("e\u0301" * 4, what="name", most=4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200b",
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "a\ud800b",
        "a\u2028b",
        "a\u2029b",
        "a" * 5,
        "e\u0301" * 5,
        "a" * 1_000_000,
    ],
)
def test_text_that_cannot_be_shown_or_kept_is_refused(text: str) -> None:
    """Nothing visible, control characters, lone surrogates, line separators, too long."""
    with pytest.raises(BadText):
        clean_text(text, what="name", most=4)


def test_refusal_never_repeats_the_text() -> None:
    """It may be a name or a note (I-10)."""
    with pytest.raises(BadText) as refused:
        clean_text("Yvonne\x00", what="name", most=200)

    assert "Yvonne" not in str(refused.value) + repr(refused.value.facts)


@pytest.mark.parametrize("text", ["مریم\u200cبانو", "山田 花子", "O’Neill-Łęcka", "👩🏽\u200d🦽"])
def test_names_of_the_world_are_texts(text: str) -> None:
    """Joiners that writing needs are kept, although nobody sees them."""
    assert text == clean_text(text, what="name", most=200)


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_missing_reason_is_refused_where_one_is_needed(text: str | None) -> None:
    """Blanks give no reason."""
    with pytest.raises(ReasonMissing):
        reason_of(text)
    assert optional_reason_of(text) is None


def test_reason_has_a_limit() -> None:
    """A reason is a sentence, not a file."""
    assert "a" * REASON_MOST == optional_reason_of("a" * REASON_MOST)
    with pytest.raises(BadText):
        reason_of("a" * (REASON_MOST + 1))
