"""An outsider at every route: schemathesis asks what the description allows and judges the answers by it."""

import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.python.asgi import shutdown_lifespans
from tests.api.signing_in import quick_argon2
from tests.api.world import Operation, Place, copied, document
from tests.builders import NOW, address_in

from timebank.clock import SteppingClock
from timebank.services.bank import open_bank
from timebank_api import Settings, create_app

SEED = 1
EXPECTED = ["2xx", "401", "403", "404", "409", "412", "422", "429", "503"]
"""What a request that is as described may be answered with: a rule may still say no to its values."""
MADE_BY_US = ("cursor", "Timebank-Acting-For")
"""Parameters that only the service, or a mandate, can give: what is made up is refused, every time."""
ENDING = frozenset({"invitations_accept", "me_password", "members_erase", "sign_out", "tokens_revoke"})
"""After these nobody comes in any more; so nothing of them is kept: each request meets the same world."""
BY_OPERATION = ("examples", "coverage", "fuzzing")
"""Phases that look at one operation at a time."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Answers, by `OPERATION STATUS`."""
    checks: Counter[str] = field(default_factory=Counter)
    """How often each check was made."""
    faults: list[str] = field(default_factory=list)

    def add(self, others: "Findings") -> None:
        """Take in what came of more."""
        self.statuses.update(others.statuses)
        self.checks.update(others.checks)
        self.faults.extend(others.faults)

    def is_reached(self, operation: str) -> bool:
        """Tell whether anything but refusals was seen of an operation."""
        return any(said.startswith(f"{operation} 2") for said in self.statuses)


def fuzz(
    folder: Path,
    *,
    examples: int,
    who: str,
    place: Place | None = None,
    operation: Operation | None = None,
    is_all_made_up: bool = False,
    is_again: bool = False,
) -> Findings:
    """Send the service over a fresh sample world what it should take, and what it should not.

    Args:
        folder: where the world goes.
        examples: how many for each operation; of stories, if it is about all operations together.
        who: as whom.
        place: what stands in the path; None: anything.
        operation: which; None: stories through all of them.
        is_all_made_up: even what only the service can give.
        is_again: at random only; what stands in the description was tried before, in another place.
    """
    tokens = copied(folder)
    phases = BY_OPERATION[-1:] if is_again else BY_OPERATION
    config = schemathesis.Config.from_dict(_config(examples, phases if operation is not None else ()))
    schema = schemathesis.openapi.from_dict(document() if is_all_made_up else _to_make_up(), config=config)
    settings = Settings(address=address_in(folder), webhooks="off", mail="console", refusals_per_second=0)
    schema.app = create_app(settings, clock=SteppingClock(NOW))
    if who in tokens:
        schema.config.update(headers={"Authorization": f"Bearer {tokens[who]}"})
    if place:
        schema.config.update(parameters={f"path.{name}": value for name, value in place.items()})
    asked = schema if operation is None else schema.include(operation_id=operation.name)
    findings = Findings()
    is_kept = operation is None or operation.name not in ENDING
    with _at_once(is_kept=is_kept), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Generating overly large repr"
        )  # of a request, for its report
        try:
            for event in from_schema(asked).execute():
                _note(event, findings)
        finally:
            shutdown_lifespans()
    return findings


def fuzz_in_every_way(
    folder: Path, *, examples: int, who: str, place: Place, operation: Operation
) -> Findings:
    """Send an operation so many requests about what is there, and a quarter as many about anything.

    As many again make up even what only the service can give, where the operation takes such a thing.
    """
    fuzz_quickly = partial(fuzz, examples=examples // 4, who=who, operation=operation, is_again=True)
    findings = fuzz(folder / "there", examples=examples, who=who, place=place, operation=operation)
    if place:
        findings.add(fuzz_quickly(folder / "anywhere"))
    if any(each["name"] in MADE_BY_US for each in operation.document.get("parameters", ())):
        findings.add(fuzz_quickly(folder / "made up", place=place, is_all_made_up=True))
    return findings


@contextmanager
def _at_once(*, is_kept: bool) -> Iterator[None]:
    """Let signing in cost nothing, and nobody be slowed down for guessing: here, guessing is all there is."""

    async def sleep(_: float) -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        quick_argon2(patch)
        patch.setattr("timebank_api.routes.sign_in.sleep", sleep)
        patch.setattr("timebank.services.attempts.Attempts.take", lambda *_, **__: None)
        if not is_kept:
            patch.setattr("timebank_api.app.open_bank", partial(open_bank, is_dry_run=True))
        yield


def _to_make_up() -> dict[str, Any]:
    """Return the description without what nobody can make up."""
    found = deepcopy(document())
    for item in found["paths"].values():
        for each in item.values():
            kept = [one for one in each.get("parameters", ()) if one["name"] not in MADE_BY_US]
            each["parameters"] = kept
    return found


def _config(examples: int, by_operation: Collection[str]) -> dict[str, Any]:
    phases: Mapping[str, Any] = {
        **{name: {"enabled": name in by_operation} for name in BY_OPERATION},
        "stateful": {"enabled": not by_operation},
    }
    return {
        "seed": SEED,
        "generation": {"max-examples": examples, "deterministic": True},
        "checks": {"positive_data_acceptance": {"expected-statuses": EXPECTED}},
        "phases": phases,
    }


def _note(event: events.EngineEvent, findings: Findings) -> None:
    if isinstance(event, events.NonFatalError | events.FatalError):
        findings.faults.append(f"the engine failed: {event}")
    if not isinstance(event, events.ScenarioFinished):
        return
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            name = recorder.cases[case_id].value.operation.definition.raw["operationId"]
            findings.statuses[f"{name} {interaction.response.status_code}"] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            findings.checks[check.name] += 1
            if check.failure_info is not None and not _is_beyond_schemas(check.name, recorder, case_id):
                failure = check.failure_info.failure
                shown = f"{check.name}: {failure.title} {failure.message}\n{check.failure_info.code_sample}"
                findings.faults.append(f"{event.phase.value} {shown}")


def _is_beyond_schemas(check: str, recorder: Any, case_id: str) -> bool:  # noqa: ANN401 - of schemathesis
    """Tell whether a refusal is right although no schema can say so.

    JSON Schema calls 90.0 an integer; an amount is written without a fraction (I-15). And a cursor that was
    made up looks like any other.
    """
    if check != "positive_data_acceptance":
        return False
    response = recorder.interactions[case_id].response
    code = response.json()["code"] if response is not None else None
    return code == "bad_cursor" or (code == "malformed" and _has_float(recorder.cases[case_id].value.body))


def _has_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    return isinstance(value, float) or (isinstance(value, list) and any(map(_has_float, value)))
