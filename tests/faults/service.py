"""The service under an outsider's eye: schemathesis at every operation, and tokens that open nothing."""

import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.api.fuzzing import Findings, fuzz_in_every_way
from tests.api.intruding import intrude
from tests.api.world import opened, operations
from tests.faults.scores import Say, Score

SHOWN_MOST = 3
"""Faults of one operation that are told; the same one comes back many times."""


def fuzz_service(examples: int, *, say: Say) -> Score:
    """Ask every operation what its description allows, and what it does not, so many times."""
    score = Score("service, any request")
    checks = 0
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        work = {pool.submit(fuzz_operation, each.name, examples): each.name for each in operations()}
        for done in as_completed(work):
            name, findings = work[done], done.result()
            score.counts["operations"] += 1
            score.counts["answers"] += findings.statuses.total()
            score.counts["faults"] += len(findings.faults)
            checks += findings.checks.total()
            score.wrong.extend(f"{name}: {fault}" for fault in findings.faults[:SHOWN_MOST])
            score.expect(findings.is_reached(name), f"{name}: only refusals, {dict(findings.statuses)}")
            say(f"{score.counts['operations']} of {len(work)} operations")
    score.notes.append(f"{checks:,} checks by schemathesis")
    return score


def fuzz_operation(name: str, examples: int) -> Findings:
    """Ask one operation so many times, about what is there and about anything."""
    operation = next(each for each in operations() if each.name == name)
    with tempfile.TemporaryDirectory(prefix="timebank-fuzz-") as folder:
        with opened(Path(folder) / "fitting", is_kept=False) as world:
            who, place = world.fitting(operation)
        return fuzz_in_every_way(Path(folder), examples=examples, who=who, place=place, operation=operation)


def intrude_service(tokens: int, *, folder: Path) -> Score:
    """Come with tokens that are revoked, expired, swapped or changed."""
    score = Score("service, tokens that open nothing")
    found = intrude(folder / "intrusion", tokens=tokens)
    score.counts["tried"] = found.tried
    score.counts["accepted"] = len(found.accepted)
    score.counts["different refusals"] = found.texts
    score.expect(found.tried == tokens, f"tried {found.tried} instead of {tokens}")
    score.expect(not found.accepted, f"accepted: {', '.join(found.accepted)}")
    score.expect(found.texts == 1, "refusals differ: somebody is told why")
    return score
