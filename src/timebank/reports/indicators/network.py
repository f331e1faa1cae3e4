"""Who helps whom, as a network: partners, density, reciprocity, centralisation. Pure.

Members are nodes; an arc goes from a giver to a receiver, once, however often they met. The measures are
those of NetworkX (extra `reports`), which is loaded when they are asked for; Freeman's centralisation, which
it does not have, is computed from its degrees. After E. Collom, "Key Indicators of Time Bank Participation",
International Journal of Community Currency Research 16 (2012) A 18-29.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from timebank.errors import ServiceMissing
from timebank.reports.indicators.model import TOLD_FROM, Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The shape of who helps whom; every figure is None where fewer than five members are tied."""

    members: int | None
    """Members with at least one partner."""
    ties: int | None
    """Ordered pairs: one gave, the other received."""
    partners_mean: Fraction | None
    """Different members whom a member helped or was helped by, on average."""
    partners_median: Fraction | None
    density: Fraction | None
    """Ties, of all that these members could have: n (n - 1)."""
    reciprocity: Fraction | None
    """Of the ties, those that go the other way, too."""
    centralisation: Fraction | None
    """Freeman (1978): 0 if all have as many partners, 1 if one member is everybody's only partner."""


NOTHING = Network(
    members=None,
    ties=None,
    partners_mean=None,
    partners_median=None,
    density=None,
    reciprocity=None,
    centralisation=None,
)


def network_of(exchanges: Iterable[Exchange]) -> Network:
    """Return the shape of the network of exchanges.

    Raises:
        ServiceMissing: the extra `reports` is not installed.
    """
    try:
        import networkx as nx  # type: ignore[import-untyped]  # noqa: PLC0415 - only this report loads it
    except ModuleNotFoundError as missing:
        raise ServiceMissing(extra="reports") from missing

    graph = nx.DiGraph()
    graph.add_edges_from(tie for each in exchanges for tie in each.ties())
    count, ties = graph.number_of_nodes(), graph.number_of_edges()
    if count < TOLD_FROM:
        return NOTHING
    partners = [degree for _, degree in graph.to_undirected().degree()]
    return Network(
        members=count,
        ties=ties,
        partners_mean=Fraction(sum(partners), count),
        partners_median=Fraction(median(partners)),
        density=Fraction(nx.density(graph)).limit_denominator(count * count),
        reciprocity=Fraction(nx.overall_reciprocity(graph)).limit_denominator(ties),
        centralisation=Fraction(sum(max(partners) - each for each in partners), (count - 1) * (count - 2)),
    )
