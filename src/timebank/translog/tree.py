"""The Merkle tree of RFC 9162: roots, inclusion and consistency proofs, and their verification.

A *node* is (level, index): the root of the complete subtree over leaves
[index * 2**level, (index + 1) * 2**level). Proofs are made from complete nodes alone, wherever they are kept;
`tiles` says where. Pure.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from timebank.errors import BeyondLog, ProofRefused

HASH_BYTES: Final = 32
LEAF: Final = b"\x00"
NODE: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of a tree without leaves."""
SIZE_MAX: Final = 2**63 - 1
"""Largest size of a tree in proofs and checkpoints; at most 63 hashes of a proof."""

Nodes: TypeAlias = Callable[[int, int], bytes]
"""Gives the 32 bytes of a complete node by level and index."""


def leaf_of(data: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry's bytes."""
    return hashlib.sha256(LEAF + data).digest()


def node_of(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an interior node."""
    return hashlib.sha256(NODE + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a tree of these leaf hashes; `EMPTY_ROOT` if there are none."""
    if not leaves:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    row = list(leaves)
    while len(row) > 1:
        # An odd last hash moves up as it is: the same tree as RFC 9162's split at a power of two.
        odd = row[len(row) & ~1 :]
        row = [sha256(NODE + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        row += odd
    return row[0]


def root_at(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree of the first `size` leaves.

    Raises:
        BeyondLog: the size is negative.
    """
    if size < 0:
        raise BeyondLog(size=size, asked=size)
    return _root_between(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the hashes from the sibling of leaf `index` (from 0) up, in the tree of `size` leaves.

    Raises:
        BeyondLog: there is no such leaf.
    """
    if not 0 <= index < size:
        raise BeyondLog(size=size, asked=index + 1)
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_root_between(middle, end, nodes))
            end = middle
        else:
            path.append(_root_between(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old_size: int, new_size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that the first `old_size` of `new_size` leaves are a tree of their own.

    It has no hashes if the old tree is empty or both are the same.

    Raises:
        BeyondLog: the old size is larger than the new one, or negative.
    """
    if not 0 <= old_size <= new_size:
        raise BeyondLog(size=new_size, asked=old_size)
    if old_size in {0, new_size}:
        return ()
    start, end = 0, new_size
    path = []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_root_between(middle, end, nodes))
            end = middle
        else:
            path.append(_root_between(start, middle, nodes))
            start = middle
    if start:
        path.append(_root_between(start, end, nodes))
    return tuple(reversed(path))


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse a proof that does not show the leaf at `index` of the tree of `size` leaves with this root.

    Follows RFC 9162 section 2.1.3.2.

    Raises:
        ProofRefused: `reason` is `beyond_size`, `wrong_length`, `bad_hash` or `wrong_root`.
    """
    if not 0 <= index < size <= SIZE_MAX:
        raise ProofRefused(reason="beyond_size")
    _require_hashes(leaf, root, *proof)
    place, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused(reason="wrong_length")
        if place & 1 or place == last:
            result = node_of(sibling, result)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            result = node_of(result, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused(reason="wrong_length")
    if result != root:
        raise ProofRefused(reason="wrong_root")


def check_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse a proof that does not show the old tree to be the beginning of the new one.

    Follows RFC 9162 section 2.1.4.2. An empty tree is the beginning of each; a tree is its own beginning.

    Raises:
        ProofRefused: `reason` is `beyond_size`, `wrong_length`, `bad_hash`, `wrong_old_root` or `wrong_root`.
    """
    if not 0 <= old_size <= new_size <= SIZE_MAX:
        raise ProofRefused(reason="beyond_size")
    _require_hashes(old_root, new_root, *proof)
    for size, root, reason in ((old_size, old_root, "wrong_old_root"), (new_size, new_root, "wrong_root")):
        if size == 0 and root != EMPTY_ROOT:
            raise ProofRefused(reason=reason)
    if old_size in {0, new_size}:
        if proof:
            raise ProofRefused(reason="wrong_length")
        if old_size == new_size and old_root != new_root:
            raise ProofRefused(reason="wrong_root")
        return
    old, new = _roots_of_consistency(old_size, new_size, old_root, proof)
    if old != old_root:
        raise ProofRefused(reason="wrong_old_root")
    if new != new_root:
        raise ProofRefused(reason="wrong_root")


def _roots_of_consistency(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Walk a consistency proof between 0 < old < new; return the old and the new root it leads to."""
    if not proof:
        raise ProofRefused(reason="wrong_length")
    # A complete old tree is itself a node of the new one, so that proofs leave it out.
    is_complete = old_size & (old_size - 1) == 0
    first, *rest = (old_root, *proof) if is_complete else proof
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = first
    for hash_ in rest:
        if last == 0:
            raise ProofRefused(reason="wrong_length")
        if place & 1 or place == last:
            old, new = node_of(hash_, old), node_of(hash_, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_of(new, hash_)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused(reason="wrong_length")
    return old, new


def _require_hashes(*hashes: bytes) -> None:
    """Refuse what is not 32 bytes."""
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefused(reason="bad_hash")


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _root_between(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the root over leaves [start, end); `start` is a multiple of a power of two >= the count."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(nodes(level, start >> level))
        start += 1 << level
    root = parts.pop()
    while parts:
        root = node_of(parts.pop(), root)
    return root
