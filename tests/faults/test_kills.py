"""Killed writers: what was acknowledged is there afterwards, and the books hold after every kill.

A child process transfers minutes and prints the number of each entry once its commit returned. It is
killed with SIGKILL at a moment drawn by chance. `TIMEBANK_FAULT_RUNS` says how many kills (8 by default).
"""

import os
import random
import select
import subprocess
import sys
import time
from pathlib import Path

import timebank

RUNS = int(os.environ.get("TIMEBANK_FAULT_RUNS", "8"))
SEED = int(os.environ.get("TIMEBANK_FAULT_SEED", "1"))
KILLS_PER_FILE = 50
"""A growing file makes the audit after every kill slower and slower."""
WRITER = """
import sys, timebank
bank = timebank.open(sys.argv[1])
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    entry = bank.transfers.transfer(
        "lille", debit_path="issuance:grant", credit_path="fund:solidarity", minutes=1,
        reason="fault run", key=f"transfer {number}",
    )
    print(entry.seq, flush=True)
"""


def found_branch(address: str) -> None:
    """Make a database with two accounts to move minutes between."""
    bank = timebank.open(address)
    bank.branches.create("lille", name="Lille")
    for path in ("issuance:grant", "fund:solidarity"):
        bank.accounts.open("lille", path)
    bank.close()


def killed_after(address: str, seconds: float, *, start: int) -> int:
    """Run a writer, kill it, and return the last entry it acknowledged (0 if none)."""
    command = [sys.executable, "-c", WRITER, address, str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert b"ready\n" == writer.stdout.readline()
        until = time.monotonic() + seconds
        received = b""
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([writer.stdout], [], [], left)
            if readable:
                received += os.read(writer.stdout.fileno(), 65_536)
        writer.kill()
        rest, errors = writer.communicate()
        assert b"" == errors
    whole = (received + rest).decode().rpartition("\n")[0].splitlines()
    return int(whole[-1]) if whole else 0


def test_no_acknowledged_entry_is_lost_to_a_kill(tmp_path: Path) -> None:
    """Acknowledged means kept (I-2), and a kill never leaves half an entry (I-1, I-4)."""
    chance = random.Random(SEED)
    acknowledged = entries = unseen = 0
    for run in range(RUNS):
        address = f"sqlite:///{tmp_path / f'killed-{run // KILLS_PER_FILE}.db'}"
        if run % KILLS_PER_FILE == 0:
            found_branch(address)
            entries = 0
        last = killed_after(address, chance.uniform(0.0, 0.15), start=entries)

        bank = timebank.open(address)
        report = bank.audits.run()
        assert () == report.faults
        assert report.entries >= max(last, entries), f"run {run}: entry {last} was acknowledged and is lost"
        unseen += report.entries - max(last, entries)
        acknowledged += max(0, last - entries)
        entries = report.entries
        bank.close()
    counts = f"{RUNS} kills, {acknowledged} acknowledged, 0 lost, {unseen} kept but never acknowledged"
    sys.stdout.write(f"{counts} (seed {SEED})\n")


def test_a_retry_after_a_kill_takes_no_effect_twice(tmp_path: Path) -> None:
    """Who was killed between commit and answer asks again with the same key (I-9)."""
    address = f"sqlite:///{tmp_path / 'retry.db'}"
    found_branch(address)
    killed_after(address, 0.2, start=0)
    bank = timebank.open(address)
    before = bank.audits.run().entries

    again = [
        bank.transfers.transfer(
            "lille",
            debit_path="issuance:grant",
            credit_path="fund:solidarity",
            minutes=1,
            reason="fault run",
            key=f"transfer {number}",
        ).seq
        for number in range(1, before + 2)
    ]

    assert list(range(1, before + 2)) == again
    assert before + 1 == bank.accounts.show("lille", "fund:solidarity").balance
    bank.close()
