"""What the service says of how a branch is doing; as `timebank report indicators --json` has it."""

from msgspec import Struct


class ParticipationOut(Struct, frozen=True, kw_only=True):
    """Who takes part; null where it would tell of one to four people."""

    members: int | None
    active: int | None
    active_share: float | None
    exchanges: int
    minutes: int
    givers: int | None
    receivers: int | None
    givers_per_receiver: float | None
    given_gini: float | None
    received_gini: float | None


class QuarterOut(Struct, frozen=True, kw_only=True):
    """One calendar quarter, or the part of it that lies in the period."""

    quarter: str
    exchanges: int
    minutes: int
    active: int | None
    exchanges_per_active: float | None
    minutes_per_active: float | None


class KindOut(Struct, frozen=True, kw_only=True):
    """One kind of help, or several that too few people have a part in."""

    kind: str
    exchanges: int
    minutes: int


class NetworkOut(Struct, frozen=True, kw_only=True):
    """The shape of who helps whom; null where fewer than five members are tied."""

    members: int | None
    ties: int | None
    partners_mean: float | None
    partners_median: float | None
    density: float | None
    reciprocity: float | None
    centralisation: float | None


class AskingOut(Struct, frozen=True, kw_only=True):
    """Whether members ask as they offer."""

    members_offering: int | None
    members_asking: int | None
    offers_per_request: float | None


class KinOut(Struct, frozen=True, kw_only=True):
    """Redeemed minutes for beneficiaries of one relation, or of several."""

    relation: str
    minutes: int


class ThresholdOut(Struct, frozen=True, kw_only=True):
    """One of Nowak's rules: cooperation can last where benefit over cost is above."""

    rule: str
    measured: float | None
    out_of: int
    stable: float | None
    risk_dominant: float | None
    advantageous: float | None


class CooperationOut(Struct, frozen=True, kw_only=True):
    """Nowak's rules, with what to keep in mind."""

    caveat: str
    kin: list[KinOut]
    thresholds: list[ThresholdOut]


class ImpactOut(Struct, frozen=True, kw_only=True):
    """One of eight indicators of impact."""

    number: int
    name: str
    figures: dict[str, float | None]
    """Counts, minutes and shares by name; null: too few to tell."""
    not_held: list[str]
    """What the bank does not know."""


class MovementOut(Struct, frozen=True, kw_only=True):
    """What entries of one kind did to the balances of each kind of account, credits minus debits."""

    kind: str
    changes: dict[str, int]


class ReconciliationOut(Struct, frozen=True, kw_only=True):
    """That the figures are those of the journal: minutes credited to members for help."""

    is_reconciled: bool
    standing_minutes: int
    elsewhere_minutes: int
    undone_minutes: int
    taken_back_minutes: int
    journal_minutes: int
    movements: list[MovementOut]


class IndicatorsOut(Struct, frozen=True, kw_only=True):
    """How the branch did in a period."""

    branch: str
    first_on: str
    last_on: str
    participation: ParticipationOut
    quarters: list[QuarterOut]
    kinds: list[KindOut]
    network: NetworkOut
    asking: AskingOut
    cooperation: CooperationOut
    impact: list[ImpactOut]
    reconciliation: ReconciliationOut
