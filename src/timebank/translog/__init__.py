"""The transparency log: a Merkle tree over entries, signed checkpoints, proofs, witnesses, receipts.

Formats are those of RFC 9162 and of C2SP (signed-note, tlog-checkpoint, tlog-tiles, tlog-proof,
tlog-cosignature, tlog-witness). Pure; knows nothing of timebank but its errors, `verifier` not even those.
"""
