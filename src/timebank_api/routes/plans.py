"""Plans: the best for all requests of a branch at once, for who runs it."""

from litestar import Controller, get

from timebank_api.acts import desk_act, signed
from timebank_api.guards import require_coordinator
from timebank_api.inputs import Asking, Key, bank_of
from timebank_api.planning import ExchangeOut, PlanOut, exchange_out, plan_out
from timebank_api.profiles import unkept


class PlanRoutes(Controller):
    """All requests at once."""

    path = "/v1/matches"
    tags = ("matches",)

    @get("/plan", operation_id="matches_plan", guards=[require_coordinator], sync_to_thread=True)
    def plan(self, request: Asking) -> PlanOut:
        """Show the best plan for all requests that wait; nobody is asked."""
        return plan_out(bank_of(request).matches.plan(request.user.branch))

    @desk_act("/run", "matches_run")
    def run(self, request: Asking, key: Key) -> PlanOut:
        """Make the best plan for all requests that wait, and ask everybody in it, as a coordinator."""
        done = bank_of(request).matches.run(request.user.branch, **signed(request, key, unkept))
        return plan_out(done.plan, done.matches)

    @get("/exchange", operation_id="matches_exchange", guards=[require_coordinator], sync_to_thread=True)
    def exchange(self, request: Asking) -> ExchangeOut:
        """Show what members could exchange within a week, in cycles and without credit; a report only."""
        return exchange_out(bank_of(request).matches.exchange(request.user.branch))
