"""Everything the command line can do for a branch, a coordinator can do over HTTP."""

from tests.api.world import operations
from tests.cli.running import commands

OPERATIONS = {each.name for each in operations()}
COMMANDS = set(dict(commands()))
OVER_HTTP: dict[tuple[str, ...], tuple[str, ...]] = {
    ("account", "close"): ("accounts_close",),
    ("account", "limit"): ("accounts_limit",),
    ("account", "lines"): ("accounts_lines",),
    ("account", "list"): ("accounts_list",),
    ("account", "open"): ("accounts_open",),
    ("account", "override"): ("accounts_override",),
    ("account", "show"): ("accounts_show", "accounts_changes"),
    ("audit",): ("audit_run",),
    ("beneficiary", "add"): ("beneficiaries_add",),
    ("beneficiary", "check"): ("beneficiaries_check",),
    ("beneficiary", "consent"): ("beneficiaries_consent",),
    ("beneficiary", "list"): ("beneficiaries_list",),
    ("beneficiary", "revoke"): ("beneficiaries_revoke",),
    ("beneficiary", "show"): ("beneficiaries_show", "beneficiaries_history"),
    ("branch", "list"): ("branches_list",),
    ("branch", "show"): ("branches_show",),
    ("clearing", "show"): ("clearing_show",),
    ("entry", "list"): ("entries_list",),
    ("entry", "reverse"): ("entries_reverse",),
    ("entry", "show"): ("entries_show",),
    ("export", "branch"): ("exports_branch",),
    ("export", "csv", "accounts"): ("exports_accounts",),
    ("export", "csv", "entries"): ("exports_entries",),
    ("export", "csv", "members"): ("exports_members",),
    ("export", "csv", "statement"): ("exports_statement",),
    ("export", "journal"): ("exports_journal",),
    ("hold", "expire"): ("holds_expire",),
    ("hold", "list"): ("holds_list", "holds_show"),
    ("hold", "release"): ("holds_release",),
    ("hours", "confirm"): ("hours_confirm",),
    ("hours", "correct"): ("hours_correct",),
    ("hours", "decide"): ("hours_decide",),
    ("hours", "dispute"): ("hours_dispute",),
    ("hours", "list"): ("hours_list",),
    ("hours", "log"): ("hours_log",),
    ("hours", "reject"): ("hours_reject",),
    ("hours", "show"): ("hours_show", "hours_history"),
    ("hours", "withdraw"): ("hours_withdraw",),
    ("import", "exchanges"): ("imports_exchanges",),
    ("import", "members"): ("imports_members",),
    ("import", "openings"): ("imports_openings",),
    ("import", "reconcile"): ("imports_reconcile",),
    ("invitation", "issue"): ("invitations_issue",),
    ("invitation", "list"): ("invitations_list",),
    ("invitation", "revoke"): ("invitations_revoke",),
    ("mandate", "grant"): ("mandates_grant",),
    ("mandate", "list"): ("mandates_list", "mandates_show"),
    ("mandate", "revoke"): ("mandates_revoke",),
    ("match", "accept"): ("matches_accept",),
    ("match", "conclude"): ("matches_conclude",),
    ("match", "decline"): ("matches_decline",),
    ("match", "expire"): ("matches_expire",),
    ("match", "explain"): ("requests_explain",),
    ("match", "list"): ("matches_list",),
    ("match", "offer"): ("matches_offer",),
    ("match", "exchange"): ("matches_exchange",),
    ("match", "run"): ("matches_run", "matches_plan"),
    ("match", "show"): ("matches_show",),
    ("match", "suggest"): ("requests_suggestions",),
    ("match", "withdraw"): ("matches_withdraw",),
    ("member", "add"): ("members_add",),
    ("member", "erase"): ("members_erase",),
    ("member", "export-data"): ("members_export", "me_export"),
    ("member", "list"): ("members_list", "members_search"),
    ("member", "rename"): ("members_rename",),
    ("member", "show"): ("members_show",),
    ("offer", "expire"): ("offers_expire",),
    ("offer", "list"): ("offers_list",),
    ("offer", "post"): ("offers_post",),
    ("offer", "show"): ("offers_show",),
    ("offer", "withdraw"): ("offers_withdraw",),
    ("policy", "check"): ("policy_check",),
    ("policy", "default"): ("policy_default",),
    ("policy", "diff"): ("policy_diff",),
    ("policy", "list"): ("policy_list",),
    ("policy", "set"): ("policy_set",),
    ("policy", "show"): ("policy_show",),
    ("profile", "clear"): ("profiles_clear",),
    ("profile", "consent"): ("profiles_consent",),
    ("profile", "declare"): ("profiles_declare",),
    ("profile", "exclude"): ("profiles_exclude",),
    ("profile", "include"): ("profiles_include",),
    ("profile", "park"): ("profiles_park",),
    ("profile", "retract"): ("profiles_retract",),
    ("profile", "set"): ("profiles_set",),
    ("profile", "show"): ("profiles_show",),
    ("profile", "unclear"): ("profiles_unclear",),
    ("profile", "unpark"): ("profiles_unpark",),
    ("redeem", "assign"): ("redemptions_assign",),
    ("redeem", "cancel"): ("redemptions_cancel",),
    ("redeem", "confirm"): ("redemptions_confirm",),
    ("redeem", "dispute"): ("redemptions_dispute",),
    ("redeem", "expire"): ("holds_expire",),
    ("redeem", "helpers"): ("beneficiaries_helpers",),
    ("redeem", "list"): ("redemptions_list",),
    ("redeem", "log"): ("redemptions_log",),
    ("redeem", "no-show"): ("redemptions_no_show",),
    ("redeem", "request"): ("redemptions_request",),
    ("redeem", "show"): ("redemptions_show", "redemptions_story"),
    ("redeem", "unassign"): ("redemptions_unassign",),
    ("report", "access"): ("access_log_list", "me_access_log"),
    ("report", "trial-balance"): ("reports_trial_balance",),
    ("request", "expire"): ("requests_expire",),
    ("request", "list"): ("requests_list",),
    ("request", "post"): ("requests_post",),
    ("request", "show"): ("requests_show",),
    ("request", "withdraw"): ("requests_withdraw",),
    ("statement",): ("accounts_statement", "members_statement", "me_statement"),
    ("token", "issue"): ("tokens_issue",),
    ("token", "list"): ("tokens_list",),
    ("token", "revoke"): ("tokens_revoke",),
    ("transfer",): ("transfers_post",),
    ("webhook", "add"): ("webhooks_add",),
    ("webhook", "deliveries"): ("webhooks_show",),
    ("webhook", "disable"): ("webhooks_disable",),
    ("webhook", "enable"): ("webhooks_enable",),
    ("webhook", "list"): ("webhooks_list",),
    ("webhook", "redeliver"): ("webhooks_redeliver",),
    ("webhook", "remove"): ("webhooks_remove",),
    ("webhook", "show"): ("webhooks_show",),
    ("wish", "set"): ("requests_say",),
    ("wish", "show"): ("requests_wish",),
}
"""Which operations do what a command does."""
NOT_OVER_HTTP = {
    ("backup",): "writes a file on the machine, for whoever runs it",
    ("branch", "copy"): "takes a branch to another database, for whoever runs both",
    ("branch", "create"): "founds what a coordinator then runs, for whoever runs the machine",
    ("demo",): "is a sample, not a branch",
    ("entry", "details"): "reveals secrets one by one; a member gets their own with `me_data`",
    ("doctor",): "looks at the machine and its database, for whoever runs them",
    ("import", "branch"): "brings a branch's whole journal, for whoever runs the machine",
    ("member", "erasures"): "is of all branches, to be kept beside backups by whoever makes them",
    ("migrate",): "changes the database, for whoever runs the machine",
    ("restore",): "brings books back from a file on the machine, for whoever runs it",
    ("serve",): "is what answers over HTTP",
    ("webhook", "deliver"): "is what sends events, for a timer on the machine",
    ("webhook", "test"): "asks an outside address while somebody waits, for whoever runs the machine",
    ("version",): "stands in the description, at `info.version`",
}
"""Commands that are not for a coordinator of a branch, and why."""
TO_COME: frozenset[tuple[str, ...]] = frozenset()
"""Commands whose operations are not there yet; it only ever shrinks."""


def test_every_command_is_an_operation_or_says_why_not() -> None:
    """A new command needs its operation, or a reason."""
    assert set() == COMMANDS - OVER_HTTP.keys() - NOT_OVER_HTTP.keys() - TO_COME


def test_no_command_stands_in_two_lists_or_has_gone() -> None:
    """A list that nobody reads any more would excuse the wrong command."""
    listed = [*OVER_HTTP, *NOT_OVER_HTTP, *TO_COME]

    assert sorted(set(listed)) == sorted(listed)
    assert set() == set(listed) - COMMANDS


def test_every_operation_that_is_named_is_there() -> None:
    """Under the name that clients know."""
    assert set() == {name for names in OVER_HTTP.values() for name in names} - OPERATIONS
