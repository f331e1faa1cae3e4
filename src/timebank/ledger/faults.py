"""What the audit can find: the code of every fault with its meaning. Pure.

The codes are stable: scripts read them. The audit names them where it finds them; a test holds this table
against the code, and `docs/errors.md` is written from it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The journal on its own.
        "entry_missing": "a sequence number has no entry: the journal has a gap",
        "entry_unbalanced": "debits and credits of an entry differ in a unit (I-1)",
        "too_few_postings": "an entry has fewer than two postings (I-1)",
        "posting_missing": "the postings of an entry are not numbered 1, 2, 3 …",
        "posting_orphan": "there are postings whose entry is gone",
        "posting_invalid": "a posting has no proper side, or an amount out of range (I-1)",
        "account_missing": "something names an account that is not there",
        "account_sequence_gap": "the postings of an account are not counted without a gap (I-4)",
        "running_balance_differs": "a posting's running balance is not the sum of what came before (I-4)",
        "held_below_zero": "more minutes left a member's held account than were in it (I-6)",
        "leaf_differs": "an entry does not hash to its leaf: something in it was changed (I-2)",
        "recorded_backwards": "an entry was recorded before the one that it follows (I-13)",
        "head_differs": "the branch's head and its last entry are not the same number (I-13)",
        "tile_missing": "hashes of the log are missing where entries are (I-11)",
        "tile_surplus": "there are hashes of the log where no entries are (I-11)",
        "tile_differs": "a hash of the log is not that of the entries below it (I-11)",
        "checkpoint_invalid": "a stored checkpoint is not signed by its key, or not written as one (I-11)",
        "checkpoint_ahead": "a checkpoint was signed of more entries than there are (I-11)",
        "checkpoint_differs": "the entries behind a checkpoint are not those that were signed (I-11)",
        "checkpoint_unsigned": "no key that was named for its log signed the checkpoint of a mirror (I-11)",
        "signature_unknown": "a signature in a mirror's checkpoint is by a key that nobody named (I-11)",
        "root_differs": "the files of a mirror do not lead to the root that was signed (I-11)",
        "key_invalid": "the public keys of a mirror are not written as keys are (I-11)",
        "bundle_differs": "the entries in a file of a mirror are not those in the log (I-11)",
        "file_missing": "a file of a mirror is not there (I-11)",
        "file_surplus": "a mirror has a file that its log has not (I-11)",
        "entry_malformed": "an entry of a mirror is not written as entries are",
        "entry_misplaced": "an entry of a mirror is at the place of another (I-13)",
        "kept_invalid": "a file that was kept outside is no checkpoint or receipt, or does not hold (I-11)",
        "kept_foreign": "a kept checkpoint is of a log that is not here (I-11)",
        "kept_unsigned": "a kept checkpoint is signed by no key that is listed for its log (I-11)",
        "kept_forged": "a signature by a listed key on a kept checkpoint does not verify (I-11)",
        "kept_ahead": "a kept checkpoint has more entries than there are: the journal was cut short (I-11)",
        "kept_differs": "the journal does not begin as it was signed: it was rewritten (I-11)",
        "details_dangling": "details are kept of an entry that is not there, or that has none (I-10)",
        "details_differ": "details, or their secret, are not what their entry committed itself to (I-10)",
        "policy_unknown": "an entry was made under a version of the policy that is not stored",
        "reversal_differs": "a reversal does not mirror the entry it reverses (I-3)",
        "reversal_dangling": "a reversal names an entry that is not there (I-3)",
        "reversal_reversed": "an entry reverses a reversal (I-3)",
        "reversed_twice": "an entry was reversed more than once (I-3)",
        "unreadable": "a stored value is of the wrong kind, so the row cannot be read",
        # Balances and accounts.
        "trial_balance_off": "the balances of a branch do not sum to zero in a unit (I-1)",
        "cached_balance_missing": "an account has no stored balance (I-4)",
        "cached_balance_differs": "a stored balance is not the fold of the account's postings (I-4)",
        "cached_given_differs": "the stored total of help given is not the fold of the postings (I-4)",
        "cached_received_differs": "the stored total of help received is not the fold of the postings (I-4)",
        "cached_version_differs": "the stored version of an account is not its number of postings (I-4)",
        "clearing_differs": "what two branches say they owe each other does not sum to zero (I-7)",
        "closed_not_empty": "an account is closed and has a balance",
        "account_invalid": "an account has a path or a unit that is not in the chart",
        "account_foreign": "a member's account belongs to nobody",
        "limit_missing": "the changes of an account's limits are not numbered 1, 2, 3 … (I-5)",
        "limit_invalid": "a change of limits has levels out of order, or nobody who made it (I-5)",
        "override_missing": "the overrides of an account are not numbered 1, 2, 3 … (I-5)",
        "override_invalid": "an override has levels out of order, or nobody who granted it (I-5)",
        # Holds.
        "hold_missing": "an entry reserves or settles minutes for which there is no hold (I-6)",
        "hold_differs": "a hold does not say what its entries say (I-6)",
        "hold_invalid": "a hold has a state that does not exist, or minutes that cannot be (I-6)",
        "hold_repeated": "two holds of a member have the same cause (I-6)",
        "held_differs": "a held balance is not the sum of the pending holds (I-6)",
        # Service records and redemptions.
        "record_missing": "an entry credits a service record that is not there (I-8)",
        "record_invalid": "a service record has a state that its minutes do not fit",
        "record_end_differs": "a service record does not end its minutes after its start",
        "record_posted_twice": "more than one standing entry credits a service record (I-8)",
        "record_not_posted": "a confirmed service record is credited by no standing entry (I-8)",
        "record_wrongly_posted": "a standing entry credits a service record that is not confirmed (I-8)",
        "record_differs": "a service record does not say what its entry says (I-8)",
        "record_not_settled": "a service record is for a redemption that does not name it",
        "history_missing": "the acts on a record are not numbered 1, 2, 3 … (I-14)",
        "history_invalid": "the acts on a record cannot have happened like that (I-14)",
        "history_differs": "a record does not say what its acts led to (I-14)",
        "history_orphan": "there are acts on something that is not there",
        "redemption_missing": "an entry settles a redemption that is not there",
        "redemption_differs": "a redemption does not say what its hold or its service record says",
        "redemption_hold_missing": "a redemption names a hold that is not there",
        "redemption_record_missing": "a redemption names a service record that is not for it",
        "redemption_charge_differs": "a redemption's charge is not what the two branches booked (I-7)",
        "redemption_parties_differ": "an entry of a redemption is between other accounts than its parties'",
        # What surrounds the books.
        "numbers_differ": "numbers were given out for which there are no rows, or the other way round",
        "policy_missing": "the versions of a policy are not numbered 1, 2, 3 …",
        "policy_differs": "the text of a policy is not the one that was set",
        "identity_foreign": "a name is kept that belongs to no member (I-10)",
        "identity_kept": "a name is kept of somebody who was erased (I-10)",
        "words_orphan": "there are words about an entry beyond the end of the journal: it was cut short",
        "point_differs": (
            "the point of an earlier audit, or the journal at it, was changed: a full audit is needed"
        ),
        "schema_missing": "a table, index or guard of the database was dropped",
        "schema_differs": "the definition of a table, index or guard was changed",
        "schema_foreign": "the database holds a table, index or guard that is not ours",
        "damaged": "the database itself finds its file damaged",
    }
)
"""Meaning of each code."""
