"""A time bank as plain as can be: dicts and lists, written from the rules and not from the program.

It says for every act whether it is refused, with which code, or what it does. One branch in Paris.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
FUND = "fund:solidarity"
OPEN = ("logged", "corrected", "disputed")
VOID = ("rejected", "withdrawn")
LONGEST, OLDEST_DAYS = 1440, 366


class Refused(Exception):
    """The model refuses an act."""

    def __init__(self, code: str) -> None:
        """Keep the code that the bank has to give."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Rules:
    """What the model knows of a policy."""

    step: int = 15
    floor: int = -600
    ceiling: int = 45_000
    overlap: str = "refuse"
    by: tuple[str, ...] = ("other-side", "coordinator")

    def counted(self, minutes: int) -> int:
        """Round to the nearest step, halves up, at least one step."""
        return max((minutes + self.step // 2) // self.step, 1) * self.step


@dataclass
class Model:
    """Everything that happened, in plain values."""

    members: list[str] = field(default_factory=list)
    accounts: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Balance, given and received by path and unit."""
    own: dict[str, tuple[int | None, int | None] | None] = field(default_factory=dict)
    """Floor and ceiling of accounts with limits of their own."""
    overrides: list[tuple[str, int, datetime]] = field(default_factory=list)
    """Path, floor, last instant."""
    policies: list[tuple[date, Rules]] = field(default_factory=list)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    now: datetime = datetime.min  # noqa: DTZ901 - set before anything happens
    last: datetime = datetime.min  # noqa: DTZ901 - as above
    """The instant of the last thing done."""

    def does(self, act: Callable[["Model"], None]) -> None:
        """Do something, now; but never before what was done last, whatever the clock says."""
        clock = self.now
        self.now = max(clock, self.last)
        try:
            act(self)
            self.last = self.now
        finally:
            self.now = clock

    @property
    def today(self) -> date:
        """The day in Paris."""
        return self.now.astimezone(PARIS).date()

    def rules(self, on: date | None = None) -> Rules:
        """The rules in force on a day: the latest by first day, then by version; else the first."""
        day = on or self.today
        found = [(first, no) for no, (first, _) in enumerate(self.policies) if first <= day]
        return self.policies[max(found)[1] if found else 0][1]

    def version(self, on: date) -> int:
        """The number of that version."""
        found = [(first, no) for no, (first, _) in enumerate(self.policies) if first <= on]
        return (max(found)[1] if found else 0) + 1

    # --- acts ---

    def join(self, ref: str) -> None:
        """A member joins, with an empty account."""
        self.members.append(ref)
        self.accounts[f"member:{ref}:available", "min"] = [0, 0, 0]

    def set_policy(self, rules: Rules, first: date) -> None:
        """New rules from a day on."""
        if first < self.today:
            raise Refused("policy_dated_in_past")
        self.policies.append((first, rules))

    def limit(self, path: str, levels: tuple[int | None, int | None] | None) -> None:
        """An account's own limits, or None for the policy's."""
        if levels is not None and None not in levels and levels[0] > levels[1]:  # type: ignore[operator]
            raise Refused("limits_crossed")
        self._known(path, "min")
        self.own[path] = levels

    def override(self, path: str, floor: int, until: datetime) -> None:
        """A permission to fall lower for a while."""
        self._known(path, "min")
        self.overrides.append((path, floor, until))

    def transfer(self, payer: str, payee: str, minutes: int) -> None:
        """A coordinator's decision."""
        if payer == payee:
            raise Refused("same_account")
        if minutes < 1:
            raise Refused("amount_out_of_range")
        self._post("transfer", None, payer, payee, minutes, "min", self.now, counts=0)

    def reverse(self, seq: int) -> None:
        """Undo a transfer."""
        if not 1 <= seq <= len(self.entries):
            raise Refused("unknown_entry")
        entry = self.entries[seq - 1]
        if entry["kind"] == "service":
            raise Refused("entry_settled")
        if entry["kind"] == "reversal":
            raise Refused("reversal_not_reversible")
        if entry["reversed_by"]:
            raise Refused("already_reversed")
        self._undo(seq)

    def log(  # noqa: PLR0917 - what a record is made of
        self, who: str, provider: str, recipient: str, start: datetime, minutes: int, unit: str
    ) -> None:
        """Somebody states help."""
        helped = recipient.removeprefix("member:")
        for ref in (provider, *([helped] if recipient != FUND else [])):
            if ref not in self.members:
                raise Refused("unknown_member")
        if provider == helped:
            raise Refused("same_party")
        record: dict[str, Any] = {"provider": provider, "recipient": recipient}
        side = self._side(record, who)
        no = len(self.records) + 1
        record |= {
            "no": no,
            "unit": unit,
            "state": "logged",
            "logged": side,
            "stated": side,
            "stated_by": who,
            "revision": 0,
            "credited": None,
            "entry": None,
        }
        self._state(record, who, start, minutes, is_new=True)
        self.records[no] = record

    def confirm(self, who: str, no: int) -> None:
        """The other side agrees."""
        if "other-side" not in self.rules().by:
            raise Refused("confirmation_closed")
        record = self.records[no]
        side = self._party(record, who)
        self._unconfirmed(record)
        waits_for = "provider" if record["stated"] == "recipient" else "recipient"
        if side != waits_for or who.split(":")[1] == record["stated_by"].split(":")[1]:
            raise Refused("own_statement")
        self._credit(dict(record))

    def correct(self, who: str, no: int, start: datetime | None, minutes: int | None, reason: str) -> None:
        """Either side or a coordinator restates; once confirmed, a coordinator with a reason."""
        record = dict(self.records[no])
        new_start = record["start"] if start is None else start
        new_minutes = record["minutes"] if minutes is None else minutes
        if record["state"] != "confirmed":
            side = self._side(record, who)
            self._open(record)
            self._state(record, who, new_start, new_minutes, is_new=new_start != record["start"])
            record |= {"state": "corrected", "stated": side, "stated_by": who}
            self.records[no] = record
            return
        self._decider(who)
        if not reason:
            raise Refused("reason_missing")
        self._state(record, who, new_start, new_minutes, is_new=new_start != record["start"])
        record |= {"stated": self._side(record, who), "stated_by": who}
        self._credit(record)

    def dispute(self, who: str, no: int, reason: str, *, is_rejection: bool) -> None:
        """The side that did not state it refuses, for now or for good."""
        record = self.records[no]
        side = self._party(record, who)
        if record["state"] not in (OPEN if is_rejection else OPEN[:2]):
            raise Refused("record_not_open")
        if side == record["stated"]:
            raise Refused("own_statement")
        if not reason:
            raise Refused("reason_missing")
        record["state"] = "rejected" if is_rejection else "disputed"

    def withdraw(self, who: str, no: int) -> None:
        """The side that logged it takes it back."""
        record = self.records[no]
        if self._side(record, who) != record["logged"]:
            raise Refused("not_allowed")
        self._open(record)
        record["state"] = "withdrawn"

    def decide(self, who: str, no: int, minutes: int | None, reason: str, *, is_confirmed: bool) -> None:
        """A coordinator decides, or annuls what was confirmed."""
        record = dict(self.records[no])
        if is_confirmed and "coordinator" not in self.rules().by:
            raise Refused("confirmation_closed")
        self._decider(who)
        if is_confirmed:
            self._unconfirmed(record)
        elif record["state"] != "confirmed":
            self._open(record)
        if not reason:
            raise Refused("reason_missing")
        if not is_confirmed:
            if record["state"] == "confirmed":
                self._undo(record["entry"])
                record |= {"revision": record["revision"] + 1, "credited": None, "entry": None}
            record["state"] = "rejected"
            self.records[no] = record
            return
        if minutes is not None and minutes != record["minutes"]:
            self._state(record, who, record["start"], minutes, is_new=False)
            record |= {"stated": self._side(record, who), "stated_by": who}
        self._credit(record)

    # --- what acts have in common ---

    def _side(self, record: dict[str, Any], who: str) -> str:
        role, ref = who.split(":")
        if role == "coordinator":
            return "recipient" if record["recipient"] == FUND else "coordinator"
        if ref == record["provider"]:
            return "provider"
        if f"member:{ref}" == record["recipient"]:
            return "recipient"
        raise Refused("not_a_party")

    def _party(self, record: dict[str, Any], who: str) -> str:
        side = self._side(record, who)
        if side == "coordinator":
            raise Refused("not_a_party")
        return side

    def _decider(self, who: str) -> None:
        if not who.startswith("coordinator:"):
            raise Refused("not_allowed")

    def _open(self, record: dict[str, Any]) -> None:
        if record["state"] not in OPEN:
            raise Refused("record_not_open")

    def _unconfirmed(self, record: dict[str, Any]) -> None:
        if record["state"] == "confirmed":
            raise Refused("already_confirmed")
        self._open(record)

    def _state(
        self, record: dict[str, Any], who: str, start: datetime, minutes: int, *, is_new: bool
    ) -> None:
        if not 1 <= minutes <= LONGEST:
            raise Refused("minutes_out_of_range")
        if start + timedelta(minutes=minutes) > self.now:
            raise Refused("hours_in_future")
        if is_new and not who.startswith("coordinator:") and self.now - start > timedelta(days=OLDEST_DAYS):
            raise Refused("hours_too_old")
        end = start + timedelta(minutes=minutes)
        overlaps = [
            other
            for no, other in self.records.items()
            if no != record["no"]
            and other["provider"] == record["provider"]
            and other["state"] not in VOID
            and other["start"] < end
            and start < other["start"] + timedelta(minutes=other["minutes"])
        ]
        rule = self.rules().overlap
        if overlaps and rule == "refuse":
            raise Refused("overlapping_hours")
        record |= {"start": start, "minutes": minutes, "flagged": bool(overlaps) and rule == "flag"}

    def _credit(self, record: dict[str, Any]) -> None:
        on = record["start"].astimezone(PARIS).date()
        credited = self.rules(on).counted(record["minutes"])
        recipient = record["recipient"]
        payer = recipient if recipient == FUND else f"{recipient}:available"
        payee = f"member:{record['provider']}:available"
        before = self._copy()
        try:
            if record["entry"] is not None:
                self._undo(record["entry"])
            for path in (payer, payee):
                self.accounts.setdefault((path, record["unit"]), [0, 0, 0])
            cause = f"service {record['no']}"
            self._post("service", cause, payer, payee, credited, record["unit"], record["start"], counts=1)
        except Refused:
            self.accounts, self.entries = before
            raise
        record |= {
            "state": "confirmed",
            "credited": credited,
            "revision": record["revision"] + 1,
            "entry": len(self.entries),
        }
        self.records[record["no"]] = record

    def _copy(self) -> tuple[dict[tuple[str, str], list[int]], list[dict[str, Any]]]:
        accounts = {key: list(sums) for key, sums in self.accounts.items()}
        return accounts, [dict(entry) for entry in self.entries]

    def _known(self, path: str, unit: str) -> None:
        if (path, unit) not in self.accounts:
            raise Refused("unknown_account")

    def _undo(self, seq: int) -> None:
        entry = self.entries[seq - 1]
        entry["reversed_by"] = len(self.entries) + 1
        self._post(
            "reversal",
            entry["cause"],
            entry["payee"],
            entry["payer"],
            entry["minutes"],
            entry["unit"],
            self.now,
            counts=-entry["counts"],
            reverses=seq,
        )

    def _post(  # noqa: PLR0917 - the facts of an entry
        self,
        kind: str,
        cause: str | None,
        payer: str,
        payee: str,
        minutes: int,
        unit: str,
        effective: datetime,
        *,
        counts: int,
        reverses: int | None = None,
    ) -> None:
        for path in (payer, payee):
            self._known(path, unit)
        if kind != "reversal":
            self._within(payer, unit, -minutes)
            self._within(payee, unit, minutes)
        given, taken = (2, 1) if counts < 0 else (1, 2)
        self.accounts[payer, unit][0] -= minutes
        self.accounts[payee, unit][0] += minutes
        self.accounts[payee, unit][given] += minutes * counts
        self.accounts[payer, unit][taken] += minutes * counts
        on = effective.astimezone(PARIS).date()
        self.entries.append(
            {
                "kind": kind,
                "cause": cause or f"{kind} {len(self.entries) + 1}",
                "payer": payer,
                "payee": payee,
                "minutes": minutes,
                "unit": unit,
                "on": on,
                "recorded": self.now,
                "version": self.version(on),
                "counts": counts,
                "reverses": reverses,
                "reversed_by": None,
            }
        )

    def levels(self, path: str, unit: str) -> tuple[int | None, int | None]:
        """Floor and ceiling in force now."""
        if unit != "min":
            return None, None
        own = self.own.get(path)
        rules = self.rules()
        usual = (rules.floor, rules.ceiling) if path.startswith("member:") else (None, None)
        floor, ceiling = usual if own is None else own
        if floor is not None:
            floor = min(
                [floor, *(low for of, low, until in self.overrides if of == path and self.now <= until)]
            )
        return floor, ceiling

    def _within(self, path: str, unit: str, change: int) -> None:
        floor, ceiling = self.levels(path, unit)
        after = self.accounts[path, unit][0] + change
        if change < 0 and floor is not None and after < floor:
            raise Refused("insufficient_hours")
        if change > 0 and ceiling is not None and after > ceiling:
            raise Refused("ceiling_reached")

    def lines(self, path: str, unit: str) -> Iterator[tuple[int, date, int]]:
        """Yield entry, day and change of an account's postings, in the order of a statement."""
        found = [
            (entry["on"], seq, sign * entry["minutes"])
            for seq, entry in enumerate(self.entries, 1)
            for sign, side in ((-1, "payer"), (1, "payee"))
            if entry["unit"] == unit and entry[side] == path
        ]
        for on, seq, change in sorted(found):
            yield seq, on, change
