"""django-hordak, posting one by one: `hordak_posts.py ADDRESS set-up`, `… ADDRESS post N CALLERS`.

Runs in the peer's own environment. A post is what its documentation shows: one transaction of the
database with a Transaction and two Legs. Prints posts per second.
"""

import random
import sys
import threading
import time
from datetime import date
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

ACCOUNTS = 200
"""Few, in its favour: creating an account rewrites the tree, which takes longer with each."""
WARM_UP = 20


def main() -> None:
    """Set the tables up, or post."""
    address, verb, *rest = sys.argv[1:]
    connect(address)
    if verb == "set-up":
        call_command("migrate", verbosity=0)
        from hordak.models import Account  # noqa: PLC0415

        for number in range(ACCOUNTS):
            Account.objects.create(name=f"Sample {number}", code=str(number), type="LI", currencies=["EUR"])
        return
    number, callers = int(rest[0]), int(rest[1])
    together(WARM_UP, callers)
    print(number * callers / together(number, callers))


def connect(address: str) -> None:
    """Set Django up for a database on a socket."""
    url = urlsplit(address)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": url.path.lstrip("/"),
                "USER": url.username,
                "HOST": parse_qs(url.query)["host"][0] if url.query else url.hostname,
                "PORT": url.port or "",
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        CURRENCY_CHOICES=[("EUR", "EUR")],
        USE_TZ=True,
    )
    django.setup()


def together(number: int, callers: int) -> float:
    """Let some threads post so many times each; returns the seconds taken."""
    started = time.perf_counter()
    threads = [threading.Thread(target=post, args=(number, seed)) for seed in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def post(number: int, seed: int) -> None:
    """Post between any two accounts, over a connection of one's own."""
    from hordak.models import Account, Leg, Transaction  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    chance = random.Random(seed)
    accounts = list(Account.objects.all())
    for _ in range(number):
        payer, payee = chance.sample(accounts, 2)
        with transaction.atomic():
            made = Transaction.objects.create(description="Sample", date=date(2026, 1, 1))
            Leg.objects.create(transaction=made, account=payer, debit=Money(1, "EUR"))
            Leg.objects.create(transaction=made, account=payee, credit=Money(1, "EUR"))
    connection.close()


if __name__ == "__main__":
    main()
