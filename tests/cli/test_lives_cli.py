"""Two lives as scripts: of a member from joining to the estate, of a branch from founding to closing.

After every line the trial balance holds and the time supply is exact.
"""

from datetime import timedelta
from pathlib import Path

from tests.cli.running import Done, run

from timebank.cli.exits import Exit
from timebank.clock import SystemClock

NOW = SystemClock().now()
TODAY = NOW.date() - timedelta(days=1)
TOMORROW = (NOW + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
BEFORE = (NOW - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
YESTERDAY = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


class Bank:
    """A database, and a line of the script at a time."""

    def __init__(self, folder: Path) -> None:
        """Begin with no database."""
        self.address = f"sqlite:///{folder / 'bank.db'}"

    def __call__(self, *words: str, status: int = 0) -> Done:
        """Run one line, then see that every book balances and no hour is missing."""
        done = run("--db", self.address, *words)
        assert status == done.status, done.err
        self.check()
        return done

    def check(self) -> None:
        """See that the books hold."""
        for branch in run("--db", self.address, "branch", "list", "--json").json:
            assert 0 == run("--db", self.address, "report", "trial-balance", "-b", branch["code"]).status
        supply = run("--db", self.address, "report", "time-supply", "--json")
        assert 0 == supply.status
        for each in (*supply.json["branches"], supply.json["total"]):
            assert each["is_exact"]
            assert each["issued_minutes"] == (
                each["positive_minutes"]
                + each["funds_minutes"]
                + each["waiting_minutes"]
                + each["clearing_minutes"]
                - each["negative_minutes"]
            )
        assert 0 == supply.json["total"]["clearing_minutes"]

    def balances(self, branch: str) -> dict[str, int]:
        """Return every balance that is not zero."""
        found = run("--db", self.address, "account", "list", "-b", branch, "--json").json
        return {each["path"]: each["balance_minutes"] for each in found if each["balance_minutes"]}

    def help(self, branch: str, provider: str, recipient: str, minutes: str) -> None:
        """Log help and confirm it."""
        done = self(
            *("hours", "log", "-b", branch, "--provider", provider, "--recipient", recipient),
            *("-m", minutes, "-k", "shopping", "--at", YESTERDAY, "--by", f"member:{provider}", "--json"),
        )
        no = str(done.json["no"])
        self("hours", "confirm", no, "-b", branch, "--by", f"member:{recipient}")


def founded(folder: Path, *codes: str) -> Bank:
    """Return a bank of branches with the members m1 to m3 each."""
    bank = Bank(folder)
    for code in codes:
        assert 0 == run("--db", bank.address, "branch", "create", code, "--name", code).status
        for number in range(1, 4):
            name = f"Sample {number}"
            bank("member", "add", "-b", code, "--name", name, "--joined-on", "2020-01-01")
    return bank


def test_the_life_of_a_member(tmp_path: Path) -> None:
    """Joining, helping, being helped, a fund, death, the estate; and the others who leave."""
    bank = founded(tmp_path, "lille")
    bank.help("lille", "m1", "m2", "2h")
    bank.help("lille", "m3", "m1", "30")
    bank("account", "open", "fund:solidarity", "-b", "lille")
    gift = ("transfer", "-b", "lille", "--from", "member:m1:available", "--to", "fund:solidarity")
    bank(*gift, "-m", "15", "--reason", "a gift")
    died = ("member", "died", "m1", "-b", "lille", "--on", str(TODAY), "--reason", "told")
    bank(*died, "--dry-run")
    assert 75 == bank.balances("lille")["member:m1:available"]
    bank(*died, "--key", "k1")
    bank(*died, "--key", "k1")
    assert Exit.REFUSED == bank(*died, status=1).status
    assert [75] == [each["minutes"] for each in bank("member", "estates", "-b", "lille", "--json").json]
    bank("member", "estate", "m1", "-b", "lille", "--reason", "nobody came", status=1)
    heir = ("--heir", "m3", "--relation", "partner", "--reason", "approved")
    done = bank("member", "estate", "m1", "-b", "lille", *heir, "--json")
    assert ("estate", "m3") == (done.json["act"], done.json["other"])
    assert {"fund:solidarity": 15, "member:m2:available": -120, "member:m3:available": 105} == (
        bank.balances("lille")
    )
    bank("member", "leave", "m2", "-b", "lille", "--reason", "moved away")
    bank("member", "leave", "m3", "-b", "lille", "--by", "member:m3")
    assert {"fund:solidarity": -105, "fund:branch": 105} == bank.balances("lille")
    assert [] == bank("member", "dormant", "-b", "lille", "--months", "1", "--json").json
    bank("audit")


def test_the_life_of_a_branch(tmp_path: Path) -> None:
    """Founding, help, hours owed elsewhere, freezing, and everything with the successor; nothing is lost."""
    bank = founded(tmp_path, "lille", "roubaix", "locmine")
    bank.help("lille", "m1", "m2", "2h")
    bank.help("lille", "m3", "m2", "1h")
    redeem(bank, "lille", "locmine")
    bank("member", "leave", "m3", "-b", "lille", "--keep", "--by", "member:m3")
    close = ("branch", "close", "lille", "--to", "roubaix", "--reason", "merged")
    assert "branch_not_frozen" in bank(*close, status=1).err
    log = ("hours", "log", "-b", "lille", "--provider", "m1", "--recipient", "m2", "-m", "30")
    logged = bank(*log, "-k", "shopping", "--at", BEFORE, "--by", "member:m1", "--json", status=0)
    no = str(logged.json["no"])
    refused = bank("branch", "freeze", "lille", "--reason", "merges", status=1)
    assert f"record {no}" in refused.err
    bank("hours", "withdraw", no, "-b", "lille", "--by", "member:m1")
    bank("branch", "freeze", "lille", "--reason", "merges")
    pay = ("transfer", "-b", "lille", "--from", "member:m1:available", "--to", "member:m2:available")
    assert "branch_frozen" in bank(*pay, "-m", "5", "--reason", "late", status=1).err
    bank("branch", "freeze", "lille", "--reason", "not yet", "--lift")
    bank(*pay, "-m", "5", "--reason", "in time")
    bank("branch", "freeze", "lille", "--reason", "merges")

    done = bank(*close, "--key", "c", "--json").json

    assert {} == bank.balances("lille")
    unplaced = [each["path"] for each in done["moved"] if not each["is_placed"]]
    assert ["member:m3:available"] == unplaced
    assert {
        "member:m4:available": 55,
        "member:m5:available": -175,
        "suspense:unplaced": 60,
        "clearing:locmine": 60,
    } == bank.balances("roubaix")
    assert {"member:m2:available": 60, "clearing:roubaix": -60} == bank.balances("locmine")
    bank(*close, "--key", "c")
    assert "branch_closed" in bank(*close, status=1).err
    assert "branch_closed" in bank("branch", "freeze", "lille", "--reason", "x", "--lift", status=1).err
    bank("clearing", "show")
    bank("audit")


def redeem(bank: Bank, home: str, host: str, sponsor: str = "m1", helper: str = "m2") -> None:
    """Spend an hour of a sponsor's for m1 of another branch, helped there by somebody."""
    added = bank(
        *("beneficiary", "add", "-b", home, "--sponsor", sponsor, "--member", f"m1@{host}"),
        *("--relation", "parent", "--by", f"member:{sponsor}", "--json"),
    )
    no = str(added.json["no"])
    bank("beneficiary", "consent", no, "-b", home, "--by", f"member:m1@{host}")
    bank("beneficiary", "check", no, "-b", home)
    asked = bank(
        *("redeem", "request", "-b", home, "--beneficiary", no, "-m", "1h", "-k", "shopping"),
        *("--at", TOMORROW, "--by", f"member:{sponsor}", "--json"),
    )
    ref = ref_of(asked)
    bank("redeem", "assign", ref, "--provider", helper, "--by", f"coordinator:desk@{host}")
    bank("redeem", "log", ref, "--by", f"member:{helper}@{host}")
    bank("redeem", "confirm", ref, "--by", f"member:m1@{host}")


def test_debts_are_netted_and_settled_in_both_books(tmp_path: Path) -> None:
    """A circle cancels out; the rest is borne by the creditor's fund; both books say so."""
    bank = founded(tmp_path, "aa", "bb", "cc")
    for home, host in (("aa", "bb"), ("bb", "cc"), ("cc", "aa")):
        redeem(bank, home, host)
    redeem(bank, "aa", "bb", sponsor="m3", helper="m3")
    ages = bank("clearing", "ages", "--json").json
    assert [("aa", "bb", 120), ("bb", "cc", 60), ("cc", "aa", 60)] == [
        (each["debtor"], each["creditor"], each["minutes"]) for each in ages
    ]

    done = bank("clearing", "net", "-b", "aa", "--key", "n", "--json").json

    assert [{"branches": ["aa", "bb", "cc"], "minutes": 60}] == done["circles"]
    assert ["aa", "bb", "cc"] == [each["branch"] for each in done["entries"]]
    assert done["entries"] == bank("clearing", "net", "-b", "aa", "--key", "n", "--json").json["entries"]
    assert [] == bank("clearing", "net", "-b", "aa", "--json").json["entries"]
    assert 60 == bank.balances("aa")["clearing:bb"]
    settle = ("clearing", "settle", "-b", "bb", "--debtor", "aa", "--reason", "agreed")
    assert "nothing_to_settle" in bank(*settle, "-m", "61", status=1).err
    assert "not_allowed" in bank(*settle, "-m", "60", "--by", "coordinator:desk@aa", status=1).err
    bank(*settle, "-m", "60", "--key", "s")
    bank(*settle, "-m", "60", "--key", "s")
    assert (60, -60) == (
        bank.balances("aa")["fund:solidarity"],
        bank.balances("bb")["fund:solidarity"],
    )
    assert [] == bank("clearing", "ages", "--json").json
    bank("audit")


def test_nobody_gives_themselves_what_a_fund_has(tmp_path: Path) -> None:
    """And one decision takes no more than the policy allows."""
    bank = founded(tmp_path, "lille")
    bank("account", "open", "fund:branch", "-b", "lille")
    pay = ("transfer", "-b", "lille", "--from", "fund:branch", "--to", "member:m1:available", "-m", "90")
    assert "self_dealing" in bank(*pay, "--reason", "me", "--by", "coordinator:m1", status=1).err
    rules = tmp_path / "rules.toml"
    rules.write_text("format = 1\n[funds]\nmost_at_once_minutes = 60\n")
    bank("policy", "set", str(rules), "-b", "lille")
    assert "fund_overdrawn" in bank(*pay, "--reason", "a lot", status=1).err


def ref_of(asked: Done) -> str:
    """Return the reference of a redemption that was asked for."""
    return str(asked.json["redemption"])
