"""The audit, third part: service records and redemptions against their history and their entries.

Owns the check of I-8 (one service record, one standing credit) and of what a redemption and its record,
its hold and its entries in two books say about each other. A story is read as stored: nothing here shares
code with the rules that made it. Stories come some at a time, so that memory does not grow with them. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from timebank.ledger.audit import RESERVING, Fault, StoredAccount, StoredEntry, StoredLine
from timebank.ledger.chart import available, grant, held
from timebank.ledger.model import MINUTES
from timebank.ledger.reconcile import StoredHold

MINUTE_US: Final = 60_000_000
STATING: Final = frozenset({"log", "correct", "decide"})
"""Acts after which their actor's statement may stand."""
OPEN_RECORD: Final = frozenset({"logged", "corrected", "disputed"})
OPEN_REDEMPTION: Final = frozenset({"requested", "assigned", "logged"})
MISSING: Final = {
    "service": ("record_missing", "service record"),
    "redemption": ("redemption_missing", "redemption"),
}
"""Fault and words for a cause that is not there, by its kind."""
COURSE_OF_RECORD: Final = {
    ("", "log"): "logged",
    **{(state, "correct"): "corrected" for state in OPEN_RECORD},
    **{(state, "dispute"): "disputed" for state in OPEN_RECORD - {"disputed"}},
    **{(state, "confirm"): "confirmed" for state in OPEN_RECORD},
    **{(state, "reject"): "rejected" for state in OPEN_RECORD},
    **{(state, "withdraw"): "withdrawn" for state in OPEN_RECORD},
    **{(state, "decide"): "confirmed" for state in OPEN_RECORD},
    ("confirmed", "correct"): "confirmed",
    ("confirmed", "annul"): "rejected",
}
"""Where each act takes a service record; a decision can also reject it."""
COURSE_OF_REDEMPTION: Final = {
    ("", "request"): "requested",
    ("requested", "assign"): "assigned",
    ("assigned", "assign"): "assigned",
    ("assigned", "unassign"): "requested",
    ("assigned", "log"): "logged",
    ("logged", "reopen"): "assigned",
    ("logged", "settle"): "settled",
    ("settled", "correct"): "settled",
    ("assigned", "missed-by-beneficiary"): "missed",
    ("assigned", "missed-by-provider"): "missed",
    **{(state, "cancel"): "cancelled" for state in ("requested", "assigned")},
    **{(state, "expire"): "expired" for state in ("requested", "assigned")},
}
"""Where each act takes a redemption."""


class StoredRecord(NamedTuple):
    """A service record, as stored."""

    no: int
    provider: str
    recipient: str
    start_us: int
    end_us: int
    minutes: int
    credited_minutes: int | None
    unit: str
    state: str
    stated_by: str
    logged_by: str
    revision: int
    redemption: str | None


class StoredRedemption(NamedTuple):
    """A redemption, as stored."""

    no: int
    sponsor: str
    beneficiary_no: int
    host_branch: str
    beneficiary: str
    planned_minutes: int
    held_minutes: int
    state: str
    hold_no: int
    provider: str | None
    record_no: int | None
    charged_minutes: int | None
    expires_us: int


class StoredAct(NamedTuple):
    """One line of a history, as stored."""

    story_no: int
    no: int
    act: str
    actor: str
    minutes: int


class StoredBeneficiary(NamedTuple):
    """A beneficiary, as stored."""

    no: int
    sponsor: str
    host_branch: str
    member: str
    consented_us: int | None
    checked_us: int | None
    revoked_us: int | None


class StoredStep(NamedTuple):
    """One line of a beneficiary's history, as stored."""

    story_no: int
    no: int
    act: str
    recorded_us: int


class Posted(NamedTuple):
    """What an entry of a service record or a redemption did, as far as its story must agree with it."""

    seq: int
    kind: str
    step: int
    effective_us: int
    minutes: int
    """Sum of its credits."""
    unit: str
    payer: str
    """Path of its first debit; empty if there is none."""
    payee: str
    """Path of its first credit; empty if there is none."""


Standing: TypeAlias = Mapping[str, Sequence[Posted]]
"""The entries of some stories that still stand, in journal order, by reference of their cause."""


def standing_of(
    accounts: Mapping[int, StoredAccount],
    rows: Iterable[tuple[StoredEntry, tuple[StoredLine, ...]]],
    is_reversed: Collection[int],
) -> dict[str, list[Posted]]:
    """Return the entries that are neither reversals nor reversed, nor only reserve, by reference.

    Args:
        accounts: of the branch, by number.
        rows: the entries of some stories of one kind, in journal order.
        is_reversed: numbers of entries that others reverse.
    """
    standing: dict[str, list[Posted]] = {}
    for entry, lines in rows:
        if entry.kind not in RESERVING and entry.reverses is None and entry.seq not in is_reversed:
            standing.setdefault(entry.cause_ref, []).append(_posted(accounts, entry, lines))
    return standing


def _posted(
    accounts: Mapping[int, StoredAccount], entry: StoredEntry, lines: tuple[StoredLine, ...]
) -> Posted:
    paths: dict[str, str] = {}
    units: dict[str, str] = {}
    for line in lines:
        account = accounts.get(line.account_no)
        if account is not None:
            paths.setdefault(line.side, account.path)
            units.setdefault(line.side, account.unit)
    return Posted(
        seq=entry.seq,
        kind=entry.kind,
        step=entry.step,
        effective_us=entry.effective_us,
        minutes=sum(line.amount for line in lines if line.side == "credit"),
        unit=units.get("credit", ""),
        payer=paths.get("debit", ""),
        payee=paths.get("credit", ""),
    )


@dataclass(slots=True)
class Course:
    """Where the acts of a history lead."""

    ways: Mapping[tuple[str, str], str]
    """From a state (empty at the beginning) by an act to the next state."""
    state: str = ""
    odd: list[str] = field(default_factory=list)
    """Acts that could not follow; they lead nowhere."""

    def take(self, act: StoredAct) -> None:
        """Carry on by one act."""
        after = self.ways.get((self.state, act.act))
        if after is None:
            self.odd.append(f"{act.no} {act.act}")
        else:
            self.state = after

    def faults(self, place: str) -> Iterator[Fault]:
        """Yield a fault if anything could not follow."""
        if self.odd:
            yield Fault(place, "history_invalid", f"it cannot have been: {', '.join(self.odd)}")


def check_records(
    branch: str, records: Iterable[StoredRecord], standing: Standing, *, funds: Collection[str] = ()
) -> Iterator[Fault]:
    """Check that a confirmed service record has exactly one standing credit that says the same (I-8).

    Any other record has none. One that fulfils a redemption is credited under the redemption's cause.

    Args:
        branch: its code.
        records: some of its service records.
        standing: the entries of these records.
        funds: paths of those that a policy of the branch lets have what is beyond a cap, or levies.
    """
    for record in records:
        place = f"{branch} service record {record.no}"
        posted = standing.get(str(record.no), ())
        if record.end_us != record.start_us + record.minutes * MINUTE_US:
            yield Fault(place, "record_end_differs", f"it does not end {record.minutes} min after it starts")
        if (record.state == "confirmed") != (record.credited_minutes is not None):
            yield Fault(place, "record_invalid", f"{record.state}, {record.credited_minutes} min credited")
        if len(posted) > 1:
            entries = ", ".join(str(each.seq) for each in posted)
            yield Fault(place, "record_posted_twice", f"entries {entries}")
        elif record.state != "confirmed" or record.redemption is not None:
            if posted:
                entry = posted[0].seq
                yield Fault(
                    place, "record_wrongly_posted", f"it is {record.state}, yet entry {entry} credits it"
                )
        elif not posted:
            yield Fault(place, "record_not_posted", "it is confirmed but no standing entry credits it")
        else:
            yield from _differences(place, record, posted[0], funds)


def check_cited(
    branch: str, kind: str, cited: Iterable[tuple[str, int]], known: Collection[str]
) -> Iterator[Fault]:
    """Check that what entries cite as their cause is there.

    Args:
        branch: whose entries.
        kind: of the causes: `service` or `redemption`.
        cited: references with the first entry that cites each.
        known: references of what is there.
    """
    code, what = MISSING[kind]
    for ref, seq in cited:
        if ref not in known:
            yield Fault(f"{branch} entry {seq}", code, f"there is no {what} {ref}")


def _differences(place: str, record: StoredRecord, posted: Posted, funds: Collection[str]) -> Iterator[Fault]:
    helped = record.recipient.removeprefix("member:")
    is_member = record.recipient.startswith("member:")
    payer = available(helped) if is_member else record.recipient
    payee = available(record.provider)
    # A joining grant can pay first, and a fund can get what is beyond a cap: see `care.allotment`.
    paid = payer if is_member and posted.payer == grant(helped) else posted.payer
    is_surplus = posted.unit == MINUTES and posted.payee in funds
    for what, stored, found in (
        ("min", record.credited_minutes, posted.minutes),
        ("as unit", record.unit, posted.unit),
        ("as payer", payer, paid),
        ("as payee", payee, payee if is_surplus else posted.payee),
        ("as start", record.start_us, posted.effective_us),
        ("as revision", record.revision, posted.step),
    ):
        if stored != found:
            yield Fault(place, "record_differs", f"{stored} {what}, entry {posted.seq} has {found}")


def check_record_history(branch: str, record: StoredRecord, acts: Sequence[StoredAct]) -> Iterator[Fault]:
    """Check that the acts on a service record lead to what it says."""
    place = f"{branch} service record {record.no}"
    yield from _check_numbers(place, acts)
    if not acts:
        return
    course, revision = Course(COURSE_OF_RECORD), 0
    for act in acts:
        before = course.state
        course.take(act)
        if act is acts[-1] and act.act == "decide" and record.state == "rejected":
            course.state = "rejected"
        revision += "confirmed" in {before, course.state}
    yield from course.faults(place)
    for what, stored, found in (
        ("state", record.state, course.state),
        ("revision", record.revision, revision),
        ("min", record.minutes, acts[-1].minutes),
        ("as who logged it", record.logged_by, acts[0].actor),
    ):
        if stored != found:
            yield Fault(place, "history_differs", f"{what} {stored}, its history gives {found}")
    if record.stated_by not in {act.actor for act in acts if act.act in STATING}:
        yield Fault(place, "history_differs", f"{record.stated_by} has stated nothing in its history")


def check_redemption_history(
    branch: str, redemption: StoredRedemption, acts: Sequence[StoredAct]
) -> Iterator[Fault]:
    """Check that the acts on a redemption lead to what it says."""
    place = f"{branch} redemption {redemption.no}"
    yield from _check_numbers(place, acts)
    if not acts:
        return
    course = Course(COURSE_OF_REDEMPTION)
    for act in acts:
        course.take(act)
    yield from course.faults(place)
    charged = redemption.charged_minutes
    minutes = redemption.planned_minutes if charged is None else charged
    for what, stored, found in (
        ("state", redemption.state, course.state),
        ("min", minutes, acts[-1].minutes),
        ("min planned", redemption.planned_minutes, acts[0].minutes),
    ):
        if stored != found:
            yield Fault(place, "history_differs", f"{what} {stored}, its history gives {found}")


def check_beneficiary_history(
    branch: str, beneficiary: StoredBeneficiary, steps: Sequence[StoredStep]
) -> Iterator[Fault]:
    """Check that a beneficiary was added first, and consented, was checked and revoked as the acts say."""
    place = f"{branch} beneficiary {beneficiary.no}"
    yield from _check_numbers(place, steps)
    if steps and steps[0].act != "add":
        yield Fault(place, "history_invalid", "it was not added first")
    for act, stored in (
        ("consent", beneficiary.consented_us),
        ("check", beneficiary.checked_us),
        ("revoke", beneficiary.revoked_us),
    ):
        found = {step.recorded_us for step in steps if step.act == act}
        if (stored is None and found) or (stored is not None and stored not in found):
            yield Fault(place, "history_differs", f"its history has {len(found)} times {act}, not then")


def _check_numbers(place: str, acts: Sequence[StoredAct] | Sequence[StoredStep]) -> Iterator[Fault]:
    if not acts or [act.no for act in acts] != list(range(1, len(acts) + 1)):
        yield Fault(place, "history_missing", "its acts are not numbered 1, 2, 3 …")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the audit knows of all branches here, to follow some redemptions from one book to the other.

    The other branch of a redemption may be in another deployment: what it would have to say is left out.
    """

    here: Collection[str]
    """Codes of the branches."""
    standing: Mapping[str, Standing]
    """The entries of these redemptions, by branch."""
    records: Mapping[tuple[str, int], StoredRecord]
    """The service records that these redemptions name and that are for one, by branch and number."""
    holds: Mapping[tuple[str, int], StoredHold]
    """Theirs, by branch and number."""
    beneficiaries: Mapping[tuple[str, int], StoredBeneficiary]
    """Theirs, by branch and number."""


def check_redemptions(
    known: Deployment, home: str, redemptions: Iterable[StoredRedemption]
) -> Iterator[Fault]:
    """Check redemptions of a branch against their holds, service records and entries in both books (I-7)."""
    for redemption in redemptions:
        place = f"{home} redemption {redemption.no}"
        yield from _check_its_beneficiary(known, home, redemption, place)
        yield from _check_its_hold(known, home, redemption, place)
        yield from _check_its_entries(known, home, redemption, place)
        yield from _check_its_record(known, home, redemption, place)


def check_fulfilling(
    branch: str,
    records: Iterable[StoredRecord],
    redemptions: Mapping[str, StoredRedemption],
    here: Collection[str],
) -> Iterator[Fault]:
    """Check that the redemption each service record is for is there, and names a confirmed one.

    Args:
        branch: where the help was given.
        records: some service records that are for redemptions.
        redemptions: theirs, by reference; what is of a branch that is not `here` is left out.
        here: codes of the branches here.
    """
    for record in records:
        ref = str(record.redemption)
        if home_of(ref) not in here:
            continue
        redemption = redemptions.get(ref)
        is_named = redemption is not None and (redemption.host_branch, redemption.record_no) == (
            branch,
            record.no,
        )
        if redemption is None or (record.state == "confirmed" and not is_named):
            place = f"{branch} service record {record.no}"
            yield Fault(place, "record_not_settled", f"redemption {ref} does not name it")


def home_of(ref: str) -> str:
    """Return the branch that a redemption's reference begins with: of `lille-12` it is `lille`."""
    return ref.rpartition("-")[0]


def _check_its_beneficiary(
    known: Deployment, home: str, redemption: StoredRedemption, place: str
) -> Iterator[Fault]:
    found = known.beneficiaries.get((home, redemption.beneficiary_no))
    if found is None:
        yield Fault(place, "redemption_differs", f"there is no beneficiary {redemption.beneficiary_no}")
        return
    told = (redemption.sponsor, redemption.host_branch, redemption.beneficiary)
    if told != (found.sponsor, found.host_branch, found.member):
        yield Fault(place, "redemption_differs", f"beneficiary {found.no} is between other members")


def _check_its_hold(
    known: Deployment, home: str, redemption: StoredRedemption, place: str
) -> Iterator[Fault]:
    hold = known.holds.get((home, redemption.hold_no))
    if hold is None:
        yield Fault(place, "redemption_hold_missing", f"there is no hold {redemption.hold_no}")
        return
    is_open = redemption.state in OPEN_REDEMPTION
    for what, stored, found in (
        ("as reference", f"{home}-{redemption.no}", hold.cause_ref),
        ("as sponsor", redemption.sponsor, hold.member),
        ("min held", redemption.held_minutes, hold.minutes),
        ("as deadline", redemption.expires_us, hold.expires_us),
        ("as open", is_open, hold.state == "pending"),
    ):
        if stored != found:
            yield Fault(place, "redemption_differs", f"{stored} {what}, hold {hold.no} has {found}")


def _check_its_entries(
    known: Deployment, home: str, redemption: StoredRedemption, place: str
) -> Iterator[Fault]:
    ref = f"{home}-{redemption.no}"
    charged = redemption.charged_minutes or 0
    payer = held(redemption.sponsor)
    payee = available(redemption.provider) if redemption.provider is not None else ""
    for branch in dict.fromkeys((home, redemption.host_branch)):
        if branch not in known.here:
            continue
        standing = known.standing.get(branch, {}).get(ref, ())
        minutes = sum(posted.minutes for posted in standing)
        if minutes != charged or len(standing) > 1:
            yield Fault(place, "redemption_charge_differs", f"{charged} min, {branch} has {minutes}")
        for posted in standing:
            is_paid = branch != home or posted.payer == payer
            is_credited = branch != redemption.host_branch or posted.payee == payee
            if not (is_paid and is_credited):
                yield Fault(
                    place,
                    "redemption_parties_differ",
                    f"{branch} entry {posted.seq} moves {posted.payer} to {posted.payee}",
                )


def _check_its_record(
    known: Deployment, home: str, redemption: StoredRedemption, place: str
) -> Iterator[Fault]:
    if redemption.record_no is None or redemption.host_branch not in known.here:
        return
    record = known.records.get((redemption.host_branch, redemption.record_no))
    if record is None:
        yield Fault(place, "redemption_record_missing", f"no service record {redemption.record_no} is for it")
        return
    is_open = redemption.state == "logged"
    for what, stored, found in (
        ("as reference", f"{home}-{redemption.no}", record.redemption),
        ("as provider", redemption.provider, record.provider),
        ("as beneficiary", f"member:{redemption.beneficiary}", record.recipient),
        ("as open", is_open, record.state in OPEN_RECORD),
        ("min charged", redemption.charged_minutes or 0, record.credited_minutes or 0),
    ):
        if stored != found:
            yield Fault(place, "redemption_differs", f"{stored} {what}, record {record.no} has {found}")
