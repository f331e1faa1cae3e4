"""Laws of the ledger: whatever is posted, it balances, folds back, and can be proven from its rows alone."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.builders import DESK, NOW, TODAY, a_book, a_draft, an_audit, balances_of, stored, stored_accounts

from timebank.errors import CeilingReached, InsufficientHours, TimebankError
from timebank.ledger.book import Book
from timebank.ledger.canonical import canonical_bytes, instant_of, leaf_hash, micros_of
from timebank.ledger.chart import available, held, place_of
from timebank.ledger.holds import Hold, HoldState, capture, expire, is_due, placing, release, returning
from timebank.ledger.limits import HELD, Limits, Override, check_limits, limits_in_force, soft_warnings
from timebank.ledger.model import (
    AMOUNT_MAX,
    Actor,
    Cause,
    EntryDraft,
    EntryKind,
    JournalEntry,
    Line,
    Posting,
    Role,
    Side,
    credit,
    debit,
    imbalance_by_unit,
)
from timebank.ledger.reconcile import check_totals
from timebank.ledger.reversal import reverse

PATHS = (available("m1"), available("m2"), available("m3"), "fund:solidarity", "issuance:opening", held("m1"))
UNITS = ("min", "svc", "EUR")
refs = st.builds("".join, st.tuples(st.sampled_from("ab0"), st.text("ab0-", max_size=39)))
codes = st.builds("".join, st.tuples(st.sampled_from("ab0"), st.text("ab0-", max_size=99)))
instants = st.integers(0, 7_289_567_999_999_999).map(instant_of)
"""From 1970 to 2200, as the ledger keeps them."""
levels = st.one_of(st.none(), st.integers(-1_000, 1_000))


@st.composite
def actors(draw: st.DrawFn) -> Actor:
    """Draw anybody who can act."""
    is_proxy = draw(st.booleans())
    return Actor(
        role=draw(st.sampled_from(Role)),
        ref=draw(refs),
        branch=draw(st.none() | refs),
        principal=draw(refs) if is_proxy else None,
        mandate=draw(st.integers(0, 999_999_999)) if is_proxy else None,
    )


@st.composite
def balanced(draw: st.DrawFn) -> tuple[Posting, ...]:
    """Draw postings that balance in each of one or two units, in any order; accounts may repeat."""
    postings: list[Posting] = []
    for unit in draw(st.sampled_from([("min",), ("min", "EUR"), ("svc",)])):
        debits = draw(st.lists(st.integers(1, 500), min_size=1, max_size=3))
        total = sum(debits)
        cuts = sorted(draw(st.sets(st.integers(1, total - 1), max_size=2))) if total > 1 else []
        credits = [after - before for before, after in pairwise([0, *cuts, total])]
        paths = st.sampled_from(PATHS[:5])
        postings += [debit(draw(paths), amount, unit) for amount in debits]
        postings += [credit(draw(paths), amount, unit) for amount in credits]
    return tuple(draw(st.permutations(postings)))


KINDS = (EntryKind.SERVICE, EntryKind.TRANSFER, EntryKind.OPENING, EntryKind.FEE)


def a_draft_of(kind: EntryKind, postings: tuple[Posting, ...]) -> EntryDraft:
    """Return an entry that counts help if its kind does."""
    return a_draft(*postings, kind=kind, counts_help=1 if kind is EntryKind.SERVICE else 0)


@st.composite
def drafts(draw: st.DrawFn) -> EntryDraft:
    """Draw any entry that is no reversal, with any facts."""
    at = draw(instants)
    return replace(
        a_draft_of(draw(st.sampled_from(KINDS)), draw(balanced())),
        cause=Cause(draw(codes), draw(codes), draw(st.integers(1, 9))),
        effective_at=at,
        effective_on=at.date(),
        policy_version=draw(st.integers(1, 3)),
        actor=draw(actors()),
    )


journals = st.lists(
    st.tuples(st.builds(a_draft_of, st.sampled_from(KINDS), balanced()), instants), max_size=5
)
"""Drafts with the instants at which the ledger learns of them: in any order, as clocks go."""


def never_back(journal: list[tuple[EntryDraft, datetime]]) -> list[tuple[EntryDraft, datetime]]:
    """Put the instants in order, as the store does: time does not go back in a branch."""
    drafts, at = [draft for draft, _ in journal], sorted(at for _, at in journal)
    return list(zip(drafts, at, strict=True))


def a_wide_book(limits: dict[str, Limits] | None = None) -> Book:
    """Return a fresh book with every account in every unit."""
    return a_book(*PATHS, units=UNITS, limits=limits)


def post_all(book: Book, journal: Iterable[tuple[EntryDraft, datetime]]) -> list[JournalEntry]:
    """Post drafts in order."""
    return [book.post(draft, recorded_at=at) for draft, at in journal]


def undo(entry: JournalEntry) -> EntryDraft:
    """Reverse an entry that was not reversed."""
    return reverse(
        entry, reversed_by=None, actor=DESK, effective_at=NOW, effective_on=TODAY, policy_version=1
    )


def totals(book: Book) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    """Return balance, given, received and version of every account."""
    return {
        key: (state.balance, state.given, state.received, state.version)
        for key, state in book.accounts.items()
    }


# --- Balance (I-1) -------------------------------------------------------------------------------------


@given(journals)
def test_the_balances_of_a_branch_sum_to_zero(journal: list[tuple[EntryDraft, datetime]]) -> None:
    """In each unit, after any entries (I-1, I-12)."""
    book = a_wide_book()

    post_all(book, journal)

    for unit in UNITS:
        assert 0 == sum(state.balance for (_, held_unit), state in book.accounts.items() if held_unit == unit)


@given(balanced(), st.integers(0, 20), st.integers(-3, 3).filter(bool))
def test_postings_that_are_off_by_anything_are_no_entry(
    postings: tuple[Posting, ...], index: int, off: int
) -> None:
    """I-1 is checked when an entry is built: no code path can post another one."""
    at = index % len(postings)
    wrong = replace(postings[at], amount=max(1, postings[at].amount + off))
    assume(wrong != postings[at])

    with pytest.raises(TimebankError):
        a_draft(*postings[:at], wrong, *postings[at + 1 :])


@given(balanced())
def test_sides_turned_still_balance(postings: tuple[Posting, ...]) -> None:
    """What a reversal relies on (I-3)."""
    turned = [replace(posting, side=posting.side.opposite) for posting in postings]

    assert dict.fromkeys(imbalance_by_unit(postings), 0) == imbalance_by_unit(turned)


# --- Order (I-13) and the fold (I-4) -------------------------------------------------------------------


@given(journals, st.randoms(use_true_random=False))
def test_the_order_of_independent_entries_does_not_matter(
    journal: list[tuple[EntryDraft, datetime]],
    chance: Random,
) -> None:
    """Where no limit is touched, balances and counts are sums: any order gives the same."""
    shuffled = list(journal)
    chance.shuffle(shuffled)
    one, other = a_wide_book(), a_wide_book()

    post_all(one, journal)
    post_all(other, shuffled)

    assert totals(one) == totals(other)


@given(journals)
def test_a_stored_balance_is_the_fold_of_the_journal(journal: list[tuple[EntryDraft, datetime]]) -> None:
    """Rebuilt from nothing but postings, every cached number comes out the same (I-4)."""
    book = a_wide_book()

    entries = post_all(book, journal)

    rebuilt: dict[tuple[str, str], list[int]] = {key: [0, 0, 0, 0] for key in book.accounts}
    for entry in entries:
        for posting in entry.draft.postings:
            sums = rebuilt[posting.path, posting.unit]
            sums[0] += posting.change
            sums[3] += 1
            if entry.draft.counts_help:
                sums[1 if posting.side is Side.CREDIT else 2] += posting.amount
    assert {key: tuple(sums) for key, sums in rebuilt.items()} == totals(book)


@given(journals)
def test_every_line_says_where_its_account_stands(journal: list[tuple[EntryDraft, datetime]]) -> None:
    """Versions count 1, 2, 3 … for each account, and each running balance follows from the one before."""
    lines: dict[tuple[str, str], list[Line]] = {}

    for number, entry in enumerate(post_all(a_wide_book(), journal), 1):
        assert number == entry.seq
        for line in entry.lines:
            lines.setdefault((line.posting.path, line.posting.unit), []).append(line)

    for of_account in lines.values():
        assert list(range(1, len(of_account) + 1)) == [line.account_seq for line in of_account]
        balance = 0
        for line in of_account:
            balance += line.posting.change
            assert balance == line.balance_after


@given(journals)
def test_the_audit_finds_nothing_in_what_the_book_posted(journal: list[tuple[EntryDraft, datetime]]) -> None:
    """Two programs that share no code agree on any journal, reversals included."""
    book = a_wide_book()
    entries = post_all(book, never_back(journal))
    last_at = max((entry.recorded_at for entry in entries), default=NOW)
    entries += [book.post(undo(entry), recorded_at=last_at) for entry in entries[::2]]

    audit = an_audit(book, entries)

    assert [] == audit.faults
    assert [] == list(check_totals(audit))
    assert stored_accounts(book) == dict(audit.accounts)


@given(journals, st.data())
def test_the_audit_finds_any_number_that_is_off(
    journal: list[tuple[EntryDraft, datetime]], data: st.DataObject
) -> None:
    """One number of one row, changed by anything: there is a fault, and it names the entry."""
    assume(journal)
    book = a_wide_book()
    rows = [stored(entry, book) for entry in post_all(book, never_back(journal))]
    at = data.draw(st.integers(0, len(rows) - 1))
    header, lines = rows[at]
    line = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.sampled_from(["account_no", "amount", "account_seq", "balance_after"]))
    off = data.draw(st.integers(-1_000, 1_000).filter(bool))
    forged = lines[line]._replace(**{column: getattr(lines[line], column) + off})
    audit = an_audit(book)

    for number, (each, of_entry) in enumerate(rows):
        audit.take(each, (*lines[:line], forged, *lines[line + 1 :]) if number == at else of_entry)

    assert any(fault.place.startswith(f"lille entry {header.seq}") for fault in audit.faults)


# --- Reversal (I-3) ------------------------------------------------------------------------------------


@given(journals, st.data())
def test_an_entry_and_its_reversal_cancel(
    journal: list[tuple[EntryDraft, datetime]], data: st.DataObject
) -> None:
    """Whatever was posted in between: balances and help counted are as if the entry had never been."""
    assume(journal)
    book, without = a_wide_book(), a_wide_book()
    entries = post_all(book, journal)
    at = data.draw(st.integers(0, len(entries) - 1))

    undone = book.post(undo(entries[at]), recorded_at=NOW)
    post_all(without, journal[:at] + journal[at + 1 :])

    assert set(balances_of([entries[at], undone]).values()) <= {0}
    assert {key: sums[:3] for key, sums in totals(book).items()} == {
        key: sums[:3] for key, sums in totals(without).items()
    }


@given(drafts())
def test_mirroring_twice_is_no_change(draft: EntryDraft) -> None:
    """The mirror of the mirror: the same accounts, sides and amounts in the same order."""
    entry = JournalEntry("lille", 1, NOW, draft, ())
    once = undo(entry)

    again = [replace(posting, side=posting.side.opposite) for posting in once.postings]

    assert draft.postings == tuple(again)
    assert (-draft.cause.step, -draft.counts_help) == (once.cause.step, once.counts_help)


# --- The canonical text --------------------------------------------------------------------------------

entries_of_any_kind = st.builds(
    lambda draft, seq, at, lines, branch: JournalEntry(
        branch,
        seq,
        at,
        draft,
        tuple(
            Line(posting, account_seq, balance)
            for posting, (account_seq, balance) in zip(draft.postings, lines, strict=False)
        ),
    ),
    drafts(),
    st.integers(1, 10**9),
    instants,
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(-(10**9), 10**9)), min_size=8, max_size=8),
    refs,
)


def facts(entry: JournalEntry) -> tuple[object, ...]:
    """Return everything the canonical text states about an entry."""
    draft = entry.draft
    stated = [getattr(draft, each.name) for each in fields(draft) if each.name != "postings"]
    return (entry.branch, entry.seq, entry.recorded_at, *stated, entry.lines)


@given(entries_of_any_kind, entries_of_any_kind)
def test_two_entries_have_one_text_only_if_they_are_one(one: JournalEntry, other: JournalEntry) -> None:
    """Injective: nobody can show the same hash for two different entries."""
    assert (facts(one) == facts(other)) == (canonical_bytes(one) == canonical_bytes(other))


@given(entries_of_any_kind, st.data())
def test_any_fact_that_changes_changes_the_text(entry: JournalEntry, data: st.DataObject) -> None:
    """Close neighbours, which a pair drawn at random hardly ever is."""
    draft = entry.draft
    neighbours = [
        replace(entry, branch=f"{entry.branch[:39]}x"),
        replace(entry, seq=entry.seq + 1),
        replace(entry, recorded_at=entry.recorded_at + timedelta(microseconds=1)),
        replace(entry, lines=entry.lines[1:]),
        replace(entry, lines=entry.lines[::-1]),
        replace(entry, draft=replace(draft, cause=replace(draft.cause, step=draft.cause.step + 1))),
        replace(
            entry, draft=replace(draft, cause=Cause(draft.cause.ref, draft.cause.kind, draft.cause.step))
        ),
        replace(entry, draft=replace(draft, effective_at=draft.effective_at + timedelta(microseconds=1))),
        replace(entry, draft=replace(draft, effective_on=date(2201, 1, 1))),
        replace(entry, draft=replace(draft, policy_version=2)),
        replace(entry, draft=replace(draft, actor=Actor(role=Role.SYSTEM, ref="x-x-x"))),
        replace(entry, draft=replace(draft, counts_help=1 - draft.counts_help)),
        replace(entry, draft=replace(draft, kind=EntryKind.REVERSAL, reverses=1)),
    ]
    neighbour = data.draw(st.sampled_from(neighbours))
    assume(facts(neighbour) != facts(entry))

    assert canonical_bytes(neighbour) != canonical_bytes(entry)
    assert leaf_hash(neighbour) != leaf_hash(entry)


@given(entries_of_any_kind)
def test_the_text_is_lines_of_plain_ascii(entry: JournalEntry) -> None:
    """As many lines as the format says, each ended by a newline: anybody can rebuild it with a shell."""
    text = canonical_bytes(entry).decode("ascii")

    assert 9 + len(entry.lines) == text.count("\n")
    assert text.endswith("\n")
    assert text.replace("\n", "").isprintable()


@given(actors())
def test_an_actor_is_read_back_as_written(actor: Actor) -> None:
    """I-14 survives the journal."""
    assert actor == Actor.parse(str(actor))


@given(instants)
def test_an_instant_is_read_back_as_written(instant: datetime) -> None:
    """Exactly, to the microsecond (I-15)."""
    assert instant == instant_of(micros_of(instant))


@given(refs)
def test_the_chart_reads_the_paths_it_writes(ref: str) -> None:
    """Any reference has its accounts."""
    assert [(ref, "available"), (ref, "held")] == [
        (place.name, place.bucket) for place in (place_of(available(ref)), place_of(held(ref)))
    ]


# --- Limits (I-5) --------------------------------------------------------------------------------------


@st.composite
def some_limits(draw: st.DrawFn) -> Limits:
    """Draw any levels in rising order."""
    rising = sorted(draw(st.lists(st.integers(-1_000, 1_000), min_size=4, max_size=4)))
    keep = draw(st.tuples(*[st.booleans()] * 4))
    floor, warn_floor, warn_ceiling, ceiling = (
        level if is_set else None for level, is_set in zip(rising, keep, strict=True)
    )
    return Limits(floor=floor, warn_floor=warn_floor, warn_ceiling=warn_ceiling, ceiling=ceiling)


balances = st.integers(-2_000, 2_000)


def is_inside(limits: Limits, balance: int) -> bool:
    """Tell whether a balance keeps both limits."""
    low = limits.floor is None or balance >= limits.floor
    return low and (limits.ceiling is None or balance <= limits.ceiling)


def is_allowed(limits: Limits, before: int, after: int) -> bool:
    """Tell whether a move is let through."""
    try:
        check_limits("fund:branch", limits, before=before, after=after)
    except (InsufficientHours, CeilingReached):
        return False
    return True


@given(some_limits(), balances, balances)
def test_a_move_is_allowed_if_it_ends_inside_or_goes_no_further_out(
    limits: Limits, before: int, after: int
) -> None:
    """The whole of I-5 in one line."""
    goes_out_below = limits.floor is not None and after < limits.floor and after < before
    goes_out_above = limits.ceiling is not None and after > limits.ceiling and after > before

    assert (not goes_out_below and not goes_out_above) == is_allowed(limits, before, after)
    assert is_allowed(limits, before, after) or not is_inside(limits, after)


@given(some_limits(), st.lists(balances, max_size=20))
def test_an_account_that_begins_inside_never_leaves(limits: Limits, moves: list[int]) -> None:
    """Step by step, as entries are posted: refused moves change nothing (I-5)."""
    balance = max(limits.floor if limits.floor is not None else 0, 0)
    assume(is_inside(limits, balance))

    for after in moves:
        balance = after if is_allowed(limits, balance, after) else balance
        assert is_inside(limits, balance)


overrides = st.builds(Override, no=st.just(1), floor=levels, ceiling=levels, until_at=instants | st.just(NOW))


@given(some_limits(), st.lists(overrides, max_size=4), instants | st.just(NOW))
def test_an_override_only_widens_and_only_while_it_lasts(
    limits: Limits, given_out: list[Override], at: datetime
) -> None:
    """Its last instant included; in any order; warnings stay where they were."""
    found = limits_in_force(limits, given_out, at=at)

    lasting = [each for each in given_out if at <= each.until_at]
    assert found == limits_in_force(limits, lasting[::-1], at=at)
    assert (limits.warn_floor, limits.warn_ceiling) == (found.warn_floor, found.warn_ceiling)
    assert (limits.floor is None) == (found.floor is None)
    assert (limits.ceiling is None) == (found.ceiling is None)
    if limits.floor is not None:
        floors = [each.floor for each in lasting if each.floor is not None]
        assert min([limits.floor, *floors]) == found.floor
    if limits.ceiling is not None:
        ceilings = [each.ceiling for each in lasting if each.ceiling is not None]
        assert max([limits.ceiling, *ceilings]) == found.ceiling


@given(some_limits(), balances, balances)
def test_whoever_is_let_outside_the_warning_levels_is_warned(limits: Limits, before: int, after: int) -> None:
    """Once, on the side where it is, and only when it gets worse."""
    warnings = soft_warnings("fund:branch", limits, before=before, after=after)

    is_low = limits.warn_floor is not None and after < limits.warn_floor and after < before
    is_high = limits.warn_ceiling is not None and after > limits.warn_ceiling and after > before
    codes_found = [warning.code for warning in warnings]
    assert codes_found == ["below_warning_floor"] * is_low + ["above_warning_ceiling"] * is_high


@given(journals, st.dictionaries(st.sampled_from(PATHS[:5]), some_limits()))
def test_an_entry_keeps_all_limits_or_changes_nothing(
    journal: list[tuple[EntryDraft, datetime]], limits: dict[str, Limits]
) -> None:
    """Posted in full, and no account leaves its limits (I-5); or the book is as before to the last number."""
    book = a_wide_book(limits)
    for draft, at in journal:
        before = (totals(book), book.last_seq, list(book.warnings), dict(book.changed))
        try:
            book.post(draft, recorded_at=at)
        except (InsufficientHours, CeilingReached):
            assert before == (totals(book), book.last_seq, list(book.warnings), dict(book.changed))
        else:
            assert before[1] + 1 == book.last_seq
            for (path, unit), (balance, *_) in before[0].items():
                if is_inside(limits.get(path, Limits()), balance):
                    assert is_inside(limits.get(path, Limits()), book.accounts[path, unit].balance)


# --- Holds (I-6) ---------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300), st.sampled_from("cre")), max_size=6))
def test_available_and_held_are_the_member_s_balance(story: list[tuple[int, int, str]]) -> None:
    """Reserving moves nothing out; capturing takes what was captured and no more; each hold ends once."""
    book = a_book(available("m1"), held("m1"), available("h1"), limits={held("m1"): HELD})
    deadline = NOW + timedelta(days=1)
    spent = pending = 0
    for no, (minutes, used, end) in enumerate(story, 1):
        hold = Hold(
            no=no,
            member="m1",
            minutes=minutes,
            state=HoldState.PENDING,
            expires_at=deadline,
            cause_kind="redemption",
            cause_ref=f"lille-{no}",
        )
        post_steps(book, no, 1, placing("m1", minutes), EntryKind.HOLD)
        taken = min(used, minutes)
        if end == "c" and taken:
            hold = capture(hold, minutes=taken, at=NOW)
            payment = (debit(held("m1"), taken), credit(available("h1"), taken))
            post_steps(book, no, 2, payment, EntryKind.REDEMPTION)
            spent += taken
            if minutes > taken:
                post_steps(book, no, 3, returning("m1", minutes - taken), EntryKind.RELEASE)
        elif end == "r":
            hold = release(hold)
            post_steps(book, no, 3, returning("m1", minutes), EntryKind.RELEASE)
        elif end == "e":
            assert is_due(hold, at=deadline)
            hold = expire(hold, at=deadline)
            post_steps(book, no, 3, returning("m1", minutes), EntryKind.RELEASE)
        else:
            pending += minutes
        assert not is_due(hold, at=NOW)

    states = {path: state.balance for (path, _), state in book.accounts.items()}
    assert -spent == states[available("m1")] + states[held("m1")]
    assert (pending, spent) == (states[held("m1")], states[available("h1")])


def post_steps(book: Book, no: int, step: int, postings: tuple[Posting, ...], kind: EntryKind) -> None:
    """Post one step of a redemption's story."""
    draft = a_draft(*postings, kind=kind, cause=Cause("redemption", f"lille-{no}", step))
    book.post(draft, recorded_at=NOW)


@given(st.integers(1, AMOUNT_MAX), st.integers(1, AMOUNT_MAX))
def test_held_minutes_cannot_be_spent_by_anything_else(minutes: int, wanted: int) -> None:
    """However much is asked for and whoever lets it: what is held is the most that leaves (I-6)."""
    book = a_book(available("m1"), held("m1"), limits={held("m1"): HELD})
    post_steps(book, 1, 1, placing("m1", minutes), EntryKind.HOLD)
    grab = a_draft(debit(held("m1"), wanted), credit(available("m1"), wanted))

    if wanted <= minutes:
        book.post(grab, recorded_at=NOW, enforce_limits=False)
    else:
        with pytest.raises(InsufficientHours):
            book.post(grab, recorded_at=NOW, enforce_limits=False)

    assert 0 <= book.accounts[held("m1"), "min"].balance
