"""Events over HTTP: pages, streams, and where they are sent; nobody hears of what is not theirs."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.api.conftest import CALLERS, Service
from tests.builders import NOW, address_in
from tests.integration.receiving import a_receiver

import timebank
from timebank.care.access import AccessRole, AccessToken
from timebank.care.events import DATA, EventKind
from timebank.clock import SteppingClock
from timebank.services.bank import Bank
from timebank_api import Settings, create_app
from timebank_api.newsroom import Newsroom
from timebank_api.routes.events import _follow

LOGGED = {"recipient": "member:m2", "minutes": 30, "kind": "company", "start_at": "2026-06-14T08:00:00Z"}


@pytest.fixture
def bank(service: Service) -> Iterator[Bank]:
    """Open the books beside the service."""
    found = timebank.open(address_in(service.folder), clock=SteppingClock(NOW))
    yield found
    found.close()


def told(service: Service, who: str, query: str = "") -> list[dict[str, Any]]:
    """Return all that somebody hears, page by page."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = service.get(who, f"/v1/events?after={after}&limit=3{query}").json()
        found += page["events"]
        after = page["through"]
        if after >= page["end"]:
            return found


# --- Pages -------------------------------------------------------------------------------------------------


def test_a_coordinator_hears_everything_in_order(service: Service) -> None:
    """Without a gap; the journal's entries are events as well."""
    heard = told(service, "desk")

    assert list(range(1, len(heard) + 1)) == [event["no"] for event in heard]
    assert {"branch.created", "member.joined", "hours.logged", "hours.confirmed", "entry.posted"} == {
        event["type"] for event in heard
    }
    assert heard == told(service, "auditor")


def test_a_member_hears_what_concerns_them(service: Service) -> None:
    """And nothing of what others do: m3 is no party to the help that m1 gave m2."""
    kinds = {who: {event["type"] for event in told(service, who)} for who in ("m1", "m2", "m3")}

    assert {"member.joined", "hours.logged", "hours.confirmed"} == kinds["m1"] == kinds["m2"]
    assert {"member.joined"} == kinds["m3"]
    assert [{"member": "m3"}] == [event["data"] for event in told(service, "m3")]


def test_a_namesake_of_another_branch_hears_nothing_of_it(service: Service) -> None:
    """`m1` of Locminé and `m1` of Lille are two people."""
    assert [("locmine", "member.joined")] == [
        (event["branch"], event["type"]) for event in told(service, "mother")
    ]
    assert {"locmine"} == {event["branch"] for event in told(service, "desk elsewhere")}


def test_a_redemption_is_told_in_both_branches(service: Service) -> None:
    """The sponsor hears of it in Lille, the beneficiary in Locminé; a stranger in neither."""
    added = service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    assert 201 == added.status_code

    for who, expected in (("m1", 1), ("mother", 1), ("m2", 0), ("helper", 0), ("desk elsewhere", 1)):
        assert expected == len(told(service, who, "&kind=beneficiary.added")), who


def test_only_kinds_that_are_asked_for_are_told(service: Service) -> None:
    """With the numbers they have among all."""
    posted = told(service, "desk", "&kind=entry.posted")
    both = told(service, "desk", "&kind=entry.posted&kind=hours.confirmed")

    assert {"entry.posted"} == {event["type"] for event in posted}
    assert ["hours.confirmed", "entry.posted"] == [event["type"] for event in both]
    assert [] == told(service, "m1", "&kind=entry.posted")
    assert 400 == service.get("desk", "/v1/events?kind=nonsense").status_code


def test_an_operator_hears_nothing(service: Service) -> None:
    """They run the machine and see no books; nor does who is nobody."""
    assert 403 == service.get("operator", "/v1/events").status_code
    assert 401 == service.get(None, "/v1/events").status_code


@pytest.mark.parametrize("after", ["-1", "x", "1.5", str(2**60)])
def test_a_number_that_is_none_is_refused(service: Service, after: str) -> None:
    """As any other parameter."""
    assert 400 == service.get("desk", f"/v1/events?after={after}").status_code


def test_after_the_end_there_is_nothing(service: Service) -> None:
    """Whoever is ahead of the branch is told so, and stays where they are."""
    page = service.get("desk", "/v1/events?after=1000000").json()

    assert ([], 1_000_000) == (page["events"], page["through"])


def test_no_event_holds_a_word_that_somebody_wrote(service: Service) -> None:
    """Names and reasons stay in the house (I-10)."""
    assert 201 == service.post("m1", "/v1/hours", LOGGED, key="a").status_code
    service.post("m2", "/v1/hours/2/dispute", {"reason": "zqxj was away"}, key="b")

    text = json.dumps(told(service, "desk"))

    assert "hours.disputed" in text
    assert re.search("zqxj|Sample|company", text) is None


# --- Streams -----------------------------------------------------------------------------------------------


def token_of(bank: Bank, who: str, *, days: int = 90) -> AccessToken:
    """Return a token for somebody."""
    branch, role, ref = CALLERS[who]
    return bank.tokens.issue(branch, role=role, ref=ref, days=days).token


@asynccontextmanager
async def following(
    bank: Bank, token: AccessToken, after: int, *, heartbeat_seconds: float = 0.05
) -> AsyncIterator[tuple[Newsroom, Callable[[], Any]]]:
    """Follow events as somebody; yields the newsroom, and what waits for the next event heard."""
    newsroom = Newsroom(bank, look_seconds=0.01, heartbeat_seconds=heartbeat_seconds)
    stream = _follow(newsroom, token, after, ())

    async def heard() -> Any:  # noqa: ANN401 - an event, or None at the end
        async for message in stream:
            if message.data is not None:
                return message
        return None

    async with contextlib.aclosing(stream):
        yield newsroom, lambda: asyncio.wait_for(heard(), 10)
    await newsroom.finish()


def test_a_stream_tells_what_happens_as_it_happens(service: Service, bank: Bank) -> None:
    """To each what concerns them; the number goes with it, so that a browser can come back."""

    async def run() -> None:
        end = bank.events.end("lille")
        async with following(bank, token_of(bank, "m2"), end) as (_, heard):
            waiting = asyncio.ensure_future(heard())
            await asyncio.sleep(0.03)
            bank.policies.set("lille", bank.policies.show("lille").document + "\n# two\n")
            service.post("m1", "/v1/hours", LOGGED)
            message = await waiting
            assert ("hours.logged", bank.events.end("lille")) == (message.event, message.id)
            assert message.data == bank.events.page("lille", after=end + 1, limit=1).events[0].text

    asyncio.run(run())


def test_a_stream_goes_on_where_the_browser_was(bank: Bank) -> None:
    """Nothing in between is lost."""

    async def run() -> list[int]:
        async with following(bank, token_of(bank, "desk"), 2) as (_, heard):
            return [(await heard()).id for _ in range(3)]

    assert [3, 4, 5] == asyncio.run(run())


@pytest.mark.parametrize("how", ["revoked", "expired", "erased"])
def test_a_stream_ends_with_the_token(bank: Bank, how: str) -> None:
    """At the latest at the next heartbeat; the place is free again."""
    token = token_of(bank, "m3", days=1)

    async def run() -> None:
        async with following(bank, token, bank.events.end("lille")) as (newsroom, heard):
            waiting = asyncio.ensure_future(heard())
            await asyncio.sleep(0.03)
            if how == "revoked":
                bank.tokens.revoke("lille", token.no)
            elif how == "erased":
                bank.members.erase("lille", "m3")
            else:
                clock = bank.store.clock
                assert isinstance(clock, SteppingClock)
                clock.advance(timedelta(days=1))
            assert (await waiting) is None
            assert not newsroom._streams

    asyncio.run(run())


def test_a_stream_ends_when_the_service_does(bank: Bank) -> None:
    """Without waiting for the next heartbeat."""

    async def run() -> None:
        async with following(
            bank, token_of(bank, "desk"), bank.events.end("lille"), heartbeat_seconds=60
        ) as (newsroom, heard):
            waiting = asyncio.ensure_future(heard())
            await asyncio.sleep(0.03)
            newsroom.close()
            assert (await waiting) is None

    asyncio.run(run())


def test_many_streams_look_at_the_branch_once(bank: Bank) -> None:
    """One look at a time for all of them; none when nobody follows any more."""
    looks = []
    end_of = bank.events.end

    class Counting:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the bank
            return getattr(bank, name)

        class events:  # noqa: N801 - stands for the bank's
            @staticmethod
            def end(branch: str) -> int:
                looks.append(branch)
                return end_of(branch)

    async def run() -> None:
        newsroom = Newsroom(Counting(), look_seconds=0.01, heartbeat_seconds=5)  # type: ignore[arg-type]
        end = bank.events.end("lille")
        waiting = [asyncio.ensure_future(newsroom.news("lille", end)) for _ in range(50)]
        await asyncio.sleep(0.05)
        assert 1 == len(newsroom._lookers)
        bank.policies.set("lille", bank.policies.show("lille").document + "\n# two\n")
        assert [True] * 50 == await asyncio.wait_for(asyncio.gather(*waiting), 10)
        await asyncio.sleep(0.05)
        assert {} == newsroom._lookers
        await newsroom.finish()

    asyncio.run(run())
    assert looks


def test_somebody_follows_in_so_many_places_and_no_more(service: Service, bank: Bank) -> None:
    """One caller's streams leave room for others."""
    newsroom: Newsroom = service.client.app.state.newsroom
    token = token_of(bank, "m1")
    stream = {"Authorization": f"Bearer {service.tokens['m1']}", "Accept": "text/event-stream"}

    with contextlib.ExitStack() as places:
        for _ in range(5):
            places.enter_context(newsroom.place(token))
        refused = service.client.get("/v1/events", headers=stream)

    assert (429, "too_many_streams") == (refused.status_code, refused.json()["code"])
    assert "Retry-After" in refused.headers


def test_a_browser_follows_over_http(service: Service, bank: Bank) -> None:
    """The bytes are those of `text/event-stream`, the headers let no proxy hold them back."""
    newsroom: Newsroom = service.client.app.state.newsroom
    headers = {
        "Authorization": f"Bearer {service.tokens['m1']}",
        "Accept": "text/event-stream",
        "Last-Event-ID": "0",
    }
    newsroom.heartbeat_seconds = 0.05
    token_no = next(each.no for each in bank.tokens.list("lille") if each.ref == "m1")
    bank.tokens.revoke("lille", token_no)
    bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1")
    refused = service.client.get("/v1/events", headers=headers)
    assert 401 == refused.status_code

    text = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").text
    newsroom.bank = _ending(bank, after=2)
    answer = service.client.get("/v1/events", headers={**headers, "Authorization": f"Bearer {text}"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-store" in answer.headers["cache-control"] or "no-cache" in answer.headers["cache-control"]
    ids = re.findall(r"^id: (\d+)\r?$", answer.text, re.MULTILINE)
    kinds = re.findall(r"^event: (\S+)\r?$", answer.text, re.MULTILINE)
    assert [str(event["no"]) for event in told(service, "m2")][-2:] == ids[-2:]
    assert ["member.joined", "hours.logged", "hours.confirmed"] == kinds


def _ending(bank: Bank, *, after: int) -> Any:  # noqa: ANN401 - stands for a bank
    """Return a bank whose tokens open the door a number of times."""
    left = [after]

    class Tokens:
        @staticmethod
        def still_opens(_token: AccessToken) -> bool:
            left[0] -= 1
            return left[0] >= 0

    class Ending:
        tokens = Tokens
        events = bank.events

    return Ending


# --- Webhooks ----------------------------------------------------------------------------------------------


def test_a_coordinator_has_events_sent_somewhere(service: Service) -> None:
    """And pauses, looks and ends it; the secret is said once."""
    added = service.post(
        "desk", "/v1/webhooks", {"url": "https://receiver.example/", "kinds": ["hours.logged"]}
    )
    again = service.post(
        "desk", "/v1/webhooks", {"url": "https://receiver.example/", "kinds": ["hours.logged"]}
    )

    assert 201 == added.status_code
    assert added.json()["secret"].startswith("whsec_")
    assert {**added.json(), "secret": None} == again.json()
    no = added.json()["no"]
    for verb, state in (("disable", "disabled"), ("enable", "active")):
        assert state == service.post("desk", f"/v1/webhooks/{no}/{verb}", key=verb).json()["state"]
    [shown] = service.get("auditor", "/v1/webhooks").json()
    assert shown == service.get("desk", f"/v1/webhooks/{no}").json()
    assert "whsec_" not in json.dumps(shown)
    assert 404 == service.post("desk", f"/v1/webhooks/{no}/redeliver", {"event": 1}, key="r").status_code
    assert 201 == service.post("desk", f"/v1/webhooks/{no}/redeliver", {}, key="s").status_code
    assert 204 == service.ask("desk", "DELETE", f"/v1/webhooks/{no}").status_code
    assert 404 == service.get("desk", f"/v1/webhooks/{no}").status_code


def test_nobody_else_has_events_sent_anywhere(service: Service) -> None:
    """Not a member, not an operator; an auditor looks, another branch's desk sees nothing."""
    service.post("desk", "/v1/webhooks", {"url": "https://receiver.example/"})
    for who, statuses in {
        None: (401, 401, 401),
        "m1": (403, 403, 403),
        "operator": (403, 403, 403),
        "auditor": (403, 200, 200),
        "desk elsewhere": (201, 200, 404),
    }.items():
        added = service.post(who, "/v1/webhooks", {"url": "https://receiver.example/"}, key="x")
        listed = service.get(who, "/v1/webhooks")
        shown = service.get(who, "/v1/webhooks/1" if who != "desk elsewhere" else "/v1/webhooks/2")
        assert statuses == (added.status_code, listed.status_code, shown.status_code), who


@pytest.mark.parametrize("url", ["http://receiver.example/", "https://127.0.0.1/", "https://[::1]/", "x"])
def test_the_service_sends_nothing_into_the_house(service: Service, url: str) -> None:
    """Unless its settings say so."""
    refused = service.post("desk", "/v1/webhooks", {"url": url})

    assert (422, "bad_webhook_url") == (refused.status_code, refused.json()["code"])


def test_the_service_delivers_by_itself(service: Service) -> None:
    """From the request that logs the hour to the receiver: nobody runs anything."""
    with a_receiver() as receiver:
        settings = Settings(address=address_in(service.folder), webhooks="private")
        with TestClient(create_app(settings, clock=SteppingClock(NOW))) as client:
            asked = Service(client, service.tokens, service.folder)
            asked.post("desk", "/v1/webhooks", {"url": receiver.url, "kinds": ["hours.logged"]})
            asked.post("m1", "/v1/hours", LOGGED)
            for _ in range(500):
                if receiver.messages:
                    break
                asyncio.run(asyncio.sleep(0.02))

    assert ["hours.logged"] == [json.loads(body)["type"] for _, body in receiver.messages]


# --- The description ---------------------------------------------------------------------------------------


def test_every_kind_is_described(service: Service) -> None:
    """As a webhook of OpenAPI 3.1, with what it says."""
    described = service.client.get("/schema/openapi.json").json()

    assert {kind.value for kind in EventKind} == set(described["webhooks"])
    for kind in EventKind:
        body = described["webhooks"][kind.value]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        assert kind.value == body["properties"]["type"]["const"]
        assert DATA[kind.partition(".")[0]].__name__ == body["properties"]["data"]["title"]
    answers = described["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]
    assert {"application/json", "text/event-stream"} == set(answers)


def test_every_event_is_as_it_is_described(service: Service) -> None:
    """Field by field, for all that the sample branch told."""
    described = service.client.get("/schema/openapi.json").json()["webhooks"]

    for event in told(service, "desk"):
        message = described[event["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert list(event) == list(message["properties"])
        assert list(event["data"]) == message["properties"]["data"]["required"]
