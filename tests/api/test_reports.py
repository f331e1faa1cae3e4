"""Reports over HTTP: the figures of the command line, for who runs or audits the branch, about nobody."""

import pytest
from tests.api.conftest import Service


def test_a_solvency_report_has_the_figures_of_the_books(service: Service) -> None:
    """What is owed is in the trial balance; the years to come are drawn the same way every time."""
    (balance,) = service.get("auditor", "/v1/reports/trial-balance").json()
    owed = sum(row["credit"] for row in balance["rows"] if row["path"].startswith("member:"))

    found = service.get("desk", "/v1/reports/solvency?years=2&seed=3").json()

    assert (owed, 240) == (found["owed_minutes"], found["given_minutes"])
    assert owed / 240 == pytest.approx(found["cover_years"], abs=0.001)
    assert [1, 2] == [each["year"] for each in found["projections"][0]["years"]]
    assert (3, False) == (found["seed"], found["is_age_known"])
    assert found == service.get("auditor", "/v1/reports/solvency?years=2&seed=3").json()


def test_a_place_is_read_as_everywhere(service: Service) -> None:
    """And refused with the same words."""
    assert 200 == service.get("desk", "/v1/reports/solvency?near=47.89,-2.83").status_code
    for query in ("near=Locminé", "years=41", "years=0", "within_metres=0", "on=yesterday"):
        assert service.get("desk", f"/v1/reports/solvency?{query}").status_code in {400, 422}


def test_indicators_reconcile_and_tell_of_nobody(service: Service) -> None:
    """Two people are too few for any figure about people; minutes are told."""
    found = service.get("auditor", "/v1/reports/indicators").json()

    assert found["reconciliation"]["is_reconciled"]
    assert (240, 1, None) == tuple(
        found["participation"][name] for name in ("minutes", "exchanges", "active")
    )
    assert found["network"]["density"] is None
    assert 8 == len(found["impact"])
    assert "m1" not in service.get("auditor", "/v1/reports/indicators").text.replace("member", "")


def test_a_period_is_checked(service: Service) -> None:
    """As everywhere."""
    refused = service.get("desk", "/v1/reports/indicators?first_on=2026-02-01&last_on=2026-01-01")

    assert (422, "period_reversed") == (refused.status_code, refused.json()["code"])
    assert 200 == service.get("desk", "/v1/reports/indicators?first_on=2026-01-01").status_code
