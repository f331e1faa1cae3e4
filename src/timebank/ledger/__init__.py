"""The ledger: model, chart, posting rules, holds, reversal, statement, audit. Pure."""
