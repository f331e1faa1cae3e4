import hashlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import FaultCode, Kind, PolicyFault, PolicyInvalid
from timebank.policy.document import (
    DOCUMENT_BYTES_MAX,
    LINE_CHARACTERS_MAX,
    parse_policy,
    policy_fingerprint,
)
from timebank.policy.model import LimitRule, Policy
from timebank.policy.sections import settings_of, tables_of
from timebank.policy.words import Overlap, Relation, RoundingMode
from timebank.policy.writing import DEFAULT_POLICY_TEXT

KEYS = [
    f"{path}.{name}"
    for path, _, section in tables_of(Policy(), "", "")
    for name, _, _ in settings_of(section)
]
SPOILED = st.sampled_from(["1.5", "[[1]]", "{}", "2026-03-01", "1e3", '"\\u0000"', "-999999999999", "nan"])


def faults_of(text: str) -> tuple[PolicyFault, ...]:
    """The faults for which a document is refused."""
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(text)
    assert caught.value.count == len(caught.value.faults)
    return caught.value.faults


def answer_to(text: str) -> Policy | PolicyInvalid:
    """The policy that a document states, or its refusal."""
    try:
        return parse_policy(text)
    except PolicyInvalid as refusal:
        return refusal


def found_in(text: str) -> list[tuple[str, FaultCode, str]]:
    """Key, code and text of the faults of a document of the right format."""
    return [(fault.key, fault.code, fault.text) for fault in faults_of(f"format = 1\n{text}")]


def test_an_empty_document_of_the_right_format_is_the_default() -> None:
    """A branch states only what it does differently."""
    assert Policy() == parse_policy("format = 1")
    assert Policy() == parse_policy("\ufeff# saved by an editor that marks the byte order\r\nformat = 1\r\n")
    assert Policy() == parse_policy("format = 1\n[limits]\n[limits.member]\n[service]\n")


def test_a_document_states_what_differs() -> None:
    """Every type of key, in tables, dotted keys and inline tables."""
    policy = parse_policy(
        """
        format = 1
        rounding = {step_minutes = 30, mode = "up", least_minutes = 60}
        limits.fund.floor_minutes = 0

        [limits.member]
        floor_minutes = "none"
        warn_floor_minutes = "none"

        [service]
        kinds = ["shopping", "company"]

        [overlap]
        rule = "flag"

        [redemption]
        relations = ["parent", "self"]
        needs_check = false
        """
    )

    assert (30, RoundingMode.UP, 60) == (
        policy.rounding.step_minutes,
        policy.rounding.mode,
        policy.rounding.least_minutes,
    )
    assert LimitRule(warn_ceiling_minutes=43_200, ceiling_minutes=45_000) == policy.limits.member
    assert LimitRule(floor_minutes=0) == policy.limits.fund
    assert LimitRule() == policy.limits.suspense
    assert ("shopping", "company") == policy.service.kinds
    assert Overlap.FLAG is policy.overlap.rule
    assert (Relation.PARENT, Relation.SELF) == policy.redemption.relations
    assert policy.redemption.needs_consent
    assert not policy.redemption.needs_check


@given(st.dictionaries(st.sampled_from(KEYS), SPOILED))
def test_every_fault_is_listed_at_once(spoiled: dict[str, str]) -> None:
    """Nobody mends a document one fault at a time; what is spoiled is named, and nothing else is."""
    text = "format = 1\n" + "".join(f"{key} = {raw}\n" for key, raw in spoiled.items())

    found = faults_of(text) if spoiled else ()

    assert set(spoiled) == {fault.key for fault in found if fault.code is not FaultCode.CONTRADICTION}
    assert len(spoiled) == len(found)


@given(
    st.lists(st.integers(0, len(DEFAULT_POLICY_TEXT)), min_size=2, max_size=2).map(sorted),
    st.text(max_size=5),
)
def test_a_damaged_document_is_a_policy_or_refused(cut: list[int], instead: str) -> None:
    """Whatever an editor did to it, the answer is a policy or a list of faults."""
    text = DEFAULT_POLICY_TEXT[: cut[0]] + instead + DEFAULT_POLICY_TEXT[cut[1] :]

    answer = answer_to(text)

    assert isinstance(answer, Policy) or (answer.faults and str(answer.faults[0]) in str(answer))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (
            [
                ("rounding.step_minutes", FaultCode.WRONG_TYPE, "must be a whole number from 1 to 60"),
                ("rounding.mode", FaultCode.UNKNOWN_VALUE, 'knows no "nearer": did you mean nearest?'),
                ("rounding.least_minutes", FaultCode.OUT_OF_RANGE, "must be a whole number from 1 to 1440"),
                ("rounding.step", FaultCode.UNKNOWN_KEY, "is no key of a policy: did you mean step_minutes?"),
            ],
            '[rounding]\nstep_minutes = true\nstep = 3\nmode = "nearer"\nleast_minutes = 0x' + "f" * 1900,
        ),
        (
            [
                (
                    "limits.member.ceiling_minutes",
                    FaultCode.OUT_OF_RANGE,
                    'must be a whole number from 0 to 100000000, or "none"',
                ),
                ("limits.fund", FaultCode.WRONG_TYPE, "must be a section: write [limits.fund]"),
            ],
            "limits.fund = 3\nlimits.member.ceiling_minutes = -1",
        ),
        (
            [
                (
                    "redemption.relations",
                    FaultCode.UNKNOWN_VALUE,
                    (
                        'knows no "cousin", only "self", "spouse", "partner", "parent", "grandparent",'
                        ' "child", "sibling", "named"'
                    ),
                ),
                ("redemption.relations", FaultCode.UNKNOWN_VALUE, 'knows no "parents": did you mean parent?'),
                ("redemption.relations", FaultCode.REPEATED_VALUE, 'names "self" more than once'),
                ("redemption.needs_consent", FaultCode.WRONG_TYPE, "must be true or false"),
            ],
            '[redemption]\nrelations = ["self", "cousin", "parents", "self"]\nneeds_consent = 1',
        ),
        (
            [
                (
                    "service.kinds",
                    FaultCode.UNKNOWN_VALUE,
                    (
                        "\"\\u001b[31m\" is no code, which is 1 to 40 of a-z, 0-9 and '-',"
                        " starting with a letter or digit"
                    ),
                ),
                (
                    "service.modes",
                    FaultCode.WRONG_TYPE,
                    'must be a list of "in-person", "phone", "video", "mail", "sms"; not empty',
                ),
            ],
            '[service]\nkinds = ["\\u001b[31m", "ok"]\nmodes = [1]',
        ),
        (
            [("service.kinds", FaultCode.OUT_OF_RANGE, "lists 201 items, at most 200 can be")],
            "[service]\nkinds = [" + "".join(f'"kind-{n}",\n' for n in range(201)) + "]",
        ),
        (
            [
                (
                    "service.modes",
                    FaultCode.WRONG_TYPE,
                    'must be a list of "in-person", "phone", "video", "mail",',
                ),
                (
                    "confirmation.by",
                    FaultCode.OUT_OF_RANGE,
                    'must be a list of "other-side", "coordinator"; not',
                ),
                ("overlap.rule", FaultCode.WRONG_TYPE, 'must be one of "refuse", "flag", "allow"'),
            ],
            'service.modes = "phone"\nconfirmation.by = []\noverlap.rule = ["flag"]',
        ),
        (
            [
                ("redemption", FaultCode.WRONG_TYPE, "must be a section: write [redemption]"),
                (
                    "hold_days",
                    FaultCode.UNKNOWN_KEY,
                    "is no key of a policy: did you mean redemption.hold_days?",
                ),
                ("x", FaultCode.UNKNOWN_KEY, "is no key of a policy"),
                ("redemptions", FaultCode.UNKNOWN_KEY, "is no key of a policy: did you mean redemption?"),
            ],
            "hold_days = 3\nx = 1\n[redemptions]\n[[redemption]]\n",
        ),
        (
            [('"\\u202ekey"', FaultCode.UNKNOWN_KEY, "is no key of a policy")],
            '"\u202ekey" = 1',
        ),
        (
            [(f'overlap."{"k" * 40}..."', FaultCode.UNKNOWN_KEY, "is no key of a policy")],
            f"[overlap]\n{'k' * 1000} = 1",
        ),
    ],
)
def test_a_fault_says_where_what_and_how_to_mend_it(
    expected: list[tuple[str, FaultCode, str]], text: str
) -> None:
    """A coordinator who is no programmer can follow it; no control character reaches a terminal."""
    found = found_in(text)

    assert [(key, code) for key, code, _ in expected] == [(key, code) for key, code, _ in found]
    for (_, _, start), (_, _, sentence) in zip(expected, found, strict=True):
        assert sentence.startswith(start)
        assert sentence.isprintable()


@pytest.mark.parametrize(
    ("key", "also", "sentence", "text"),
    [
        (
            "limits.member.floor_minutes",
            ("limits.member.warn_floor_minutes",),
            "0 is above warn_floor_minutes, -480; warn_floor_minutes has its default, write it too",
            "floor_minutes = 0",
        ),
        (
            "limits.member.warn_ceiling_minutes",
            ("limits.member.ceiling_minutes",),
            "43200 is above ceiling_minutes, 1200; warn_ceiling_minutes has its default, write it too",
            "ceiling_minutes = 1200",
        ),
        (
            "limits.member.warn_floor_minutes",
            ("limits.member.warn_ceiling_minutes",),
            "10 is above warn_ceiling_minutes, 5",
            "warn_floor_minutes = 10\nwarn_ceiling_minutes = 5",
        ),
    ],
)
def test_a_contradiction_names_both_keys_and_those_left_out(
    key: str, also: tuple[str, ...], sentence: str, text: str
) -> None:
    """Vilassar's ceiling of 20 h lies below the default warning: the document has to say more."""
    fault = PolicyFault(key=key, code=FaultCode.CONTRADICTION, text=sentence, also=also)

    assert (fault,) == faults_of(f"format = 1\n[limits.member]\n{text}")


def test_a_faulty_key_is_not_also_blamed_for_a_contradiction() -> None:
    """Its value is unknown; other contradictions of the section are still found."""
    levels = (
        "floor_minutes = 0",
        "warn_floor_minutes = true",
        "warn_ceiling_minutes = 9",
        "ceiling_minutes = 5",
    )
    text = "\n".join(("[limits.member]", *levels))

    assert [
        ("limits.member.warn_floor_minutes", FaultCode.WRONG_TYPE),
        ("limits.member.warn_ceiling_minutes", FaultCode.CONTRADICTION),
    ] == [(key, code) for key, code, _ in found_in(text)]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([("format", FaultCode.MISSING)], ""),
        ([("format", FaultCode.MISSING), ("overlap.rule", FaultCode.WRONG_TYPE)], "[overlap]\nrule = 1"),
        ([("format", FaultCode.WRONG_TYPE), ("x", FaultCode.UNKNOWN_KEY)], "format = true\nx = 1"),
        ([("format", FaultCode.WRONG_TYPE)], 'format = "1"'),
        ([("format", FaultCode.UNKNOWN_FORMAT)], "format = 2\nx = 1\n[rates]\n"),
        ([("format", FaultCode.UNKNOWN_FORMAT)], "format = 0"),
    ],
)
def test_the_format_is_stated_and_known(expected: list[tuple[str, FaultCode]], text: str) -> None:
    """The keys of another format cannot be judged; the others are, even without a format."""
    assert expected == [(fault.key, fault.code) for fault in faults_of(text)]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (2, "format = 1\n[rounding\n"),
        (3, "format = 1\r\nx = 1\r\nx = 2\r\n"),
        (4, 'format = 1\n\n\nx = """'),
        (1, "format = 1 = 2"),
        (2, "format = 1\n[overlap]]"),
        (3, "format = 1\n\n" + "x" * (LINE_CHARACTERS_MAX + 1)),
        (2, "format = 1\n#" + "\u00e9" * LINE_CHARACTERS_MAX + "\n"),
        (1, ".".join("a" * 30_000) + " = 1"),
        (2, "format = 1\n" + "[" * LINE_CHARACTERS_MAX),
        (None, "format = 1\nx = " + "[\n" * 30_000),
        (None, "#" * (DOCUMENT_BYTES_MAX + 1)),
        (None, ("# " + "\u00e9" * 1000 + "\n") * 33),
        (None, "format = 1 # \udc80"),
    ],
)
def test_a_text_that_is_no_toml_has_one_fault_and_a_line(line: int | None, text: str) -> None:
    """What cannot be read cannot be judged; the line is named where there is one."""
    (fault,) = faults_of(text)

    assert ("", FaultCode.SYNTAX, line) == (fault.key, fault.code, fault.line)
    assert str(fault).startswith("line " if fault.line else "the policy: ")
    assert len(str(fault)) < 300


def test_limits_of_the_document_are_reachable() -> None:
    """Exactly as long as can be is accepted: in bytes, and in characters of a line."""
    line = "#" * LINE_CHARACTERS_MAX + "\n"
    text = "format = 1\n" + line * 32
    text += "#" * (DOCUMENT_BYTES_MAX - len(text))

    assert Policy() == parse_policy(text)


@pytest.fixture
def few_digits() -> Iterator[None]:
    """A Python that was told to convert few digits only."""
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    yield
    sys.set_int_max_str_digits(digits)


@pytest.mark.usefixtures("few_digits")
def test_a_number_that_python_will_not_convert_is_a_fault() -> None:
    """Python limits the digits of a number on its own account."""
    (fault,) = faults_of("format = 1\nx = " + "9" * 1000)

    assert (FaultCode.SYNTAX, "a number has too many digits") == (fault.code, fault.text)


def test_the_refusal_is_one_sentence_with_every_fault_attached() -> None:
    """Scripts use the code, people the sentence."""
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy("format = 1\n[overlap]\nrule = 1\nrules = 2")
    refusal: Any = caught.value

    assert ("policy_invalid", Kind.USAGE, 2) == (refusal.code, refusal.kind, len(refusal.faults))
    assert 'not a usable policy (2 to mend): overlap.rule: must be one of "refuse", "flag", "allow"' == str(
        refusal
    )


@given(st.text())
def test_a_fingerprint_is_the_hash_of_the_exact_text(text: str) -> None:
    """A version of the rules can be checked with any SHA-256 tool; a space more is another text."""
    assert hashlib.sha256(text.encode("utf-8")).digest() == policy_fingerprint(text)
    assert policy_fingerprint(text) != policy_fingerprint(text + " ")
