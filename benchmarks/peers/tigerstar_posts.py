"""tigerstar, posting lists of transfers: `tigerstar_posts.py ADDRESS set-up`, `… ADDRESS post SIZE LISTS`.

Runs in the peer's own environment; one list is one transaction of the database. Prints transfers per second.
"""

import random
import sys
import time

import psycopg
from tigerstar import Account, AccountType, Ledger, PostgresStorage, TigerStar, Transfer, TransferCode

ACCOUNTS = 5_000


def main() -> None:
    """Set the tables up, or post."""
    address, verb, *rest = sys.argv[1:]
    storage = PostgresStorage(dsn=address, min_size=1, max_size=2)
    engine = TigerStar(storage=storage)
    if verb == "set-up":
        storage.migrate()
        ledger = engine.create_ledger(Ledger(currency="MIN", precision=0))
        engine.create_accounts(
            [Account(ledger_id=ledger.id, code=AccountType.LIABILITY) for _ in range(ACCOUNTS)]
        )
    else:
        size, lists = map(int, rest)
        post(engine, address, size=min(size, 20), lists=1)
        print(size * lists / post(engine, address, size=size, lists=lists))
    storage.close()


def post(engine: TigerStar, address: str, *, size: int, lists: int) -> float:
    """Post lists between any two accounts; returns the seconds taken."""
    with psycopg.connect(address) as connection:
        ledger = connection.execute("SELECT id FROM ledgers").fetchone()[0]
        accounts = [row[0] for row in connection.execute("SELECT id FROM accounts ORDER BY id")]
    chance = random.Random(1)
    taken = 0.0
    for _ in range(lists):
        drawn = [chance.sample(accounts, 2) for _ in range(size)]
        started = time.perf_counter()
        engine.create_transfers(
            [
                Transfer(
                    debit_account_id=payer,
                    credit_account_id=payee,
                    ledger_id=ledger,
                    amount=1,
                    code=TransferCode.TRANSFER,
                )
                for payer, payee in drawn
            ]
        )
        taken += time.perf_counter() - started
    return taken


if __name__ == "__main__":
    main()
