"""timebank: the ledger of hours that care time banks can trust.

`bank = timebank.open("sqlite:///lille.db")` opens a bank, and creates its database if there is none.
"""

TYPE_CHECKING = (
    False  # as in `typing`, which takes longer to load than all else that a check of a receipt needs
)

if TYPE_CHECKING:
    from timebank.errors import TimebankError
    from timebank.services.bank import Bank
    from timebank.services.bank import open_bank as open

__all__ = ["Bank", "TimebankError", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the shell only when it is asked for: the pure core imports without a database library."""
    if name == "TimebankError":
        from timebank.errors import TimebankError

        return TimebankError
    if name not in {"Bank", "open"}:
        message = f"module 'timebank' has no attribute {name!r}"
        raise AttributeError(message)
    from timebank.services import bank

    return bank.Bank if name == "Bank" else bank.open_bank
