"""Laws of the tree: every root and proof is RFC 6962's, and nothing but that is accepted."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translog import naive

from timebank.errors import BeyondLog, ProofRefused
from timebank.ledger import canonical
from timebank.translog.tiles import nodes_of
from timebank.translog.tree import (
    EMPTY_ROOT,
    Nodes,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_of,
    node_of,
    root_at,
    root_of,
)

MOST = 70
LEAVES = naive.leaves_of(3 * MOST)
ROOTS = [naive.root(LEAVES[:size]) for size in range(2 * MOST + 1)]

# The eight inputs and roots that Certificate Transparency's implementations are tested with.
CT_INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    """Return nodes worked out from the leaves."""

    def node(level: int, index: int) -> bytes:
        row = leaves[index << level : (index + 1) << level]
        assert 1 << level == len(row)
        return naive.root(row)

    return node


NODES = nodes_over(LEAVES)


def refusal(check: Callable[[], None]) -> str:
    """Return the reason for which a check refuses."""
    with pytest.raises(ProofRefused) as caught:
        check()
    return str(caught.value.reason)


def test_roots_are_those_of_certificate_transparency() -> None:
    """Anybody's implementation gives these roots, so we speak of the same tree."""
    leaves = [leaf_of(data) for data in CT_INPUTS]

    assert CT_ROOTS == [root_of(leaves[: size + 1]).hex() for size in range(8)]


def test_proofs_are_those_of_certificate_transparency() -> None:
    """Known proofs in the tree of eight leaves, as published with the tests of Certificate Transparency."""
    nodes = nodes_over([leaf_of(data) for data in CT_INPUTS])

    assert [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ] == [one.hex() for one in inclusion_proof(0, 8, nodes)]
    assert [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ] == [one.hex() for one in consistency_proof(6, 8, nodes)]


def test_every_root_is_the_recursive_one() -> None:
    """Whether leaf by leaf or from complete nodes, the root is that of the definition."""
    for size in range(2 * MOST + 1):
        assert ROOTS[size] == root_of(LEAVES[:size])
        assert ROOTS[size] == root_at(size, NODES)


def test_every_inclusion_proof_is_the_recursive_one_and_holds() -> None:
    """For each leaf of each size up to seventy."""
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            assert tuple(naive.path(index, LEAVES[:size])) == proof
            check_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_is_the_recursive_one_and_holds() -> None:
    """For each pair of sizes up to seventy; the empty tree is the beginning of each."""
    for new in range(MOST + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, NODES)
            assert (tuple(naive.proof(old, LEAVES[:new])) if old else ()) == proof
            check_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@given(st.data())
def test_larger_trees_agree_with_the_recursive_one(data: st.DataObject) -> None:
    """Sizes of several tiles, read from tiles."""
    size = data.draw(st.integers(1, 1500))
    leaves = naive.leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    nodes = nodes_of(lambda level, number: tile_bytes(leaves, level, number))

    assert naive.root(leaves) == root_at(size, nodes)
    assert tuple(naive.path(index, leaves)) == inclusion_proof(index, size, nodes)
    assert tuple(naive.proof(old, leaves)) == consistency_proof(old, size, nodes)


def tile_bytes(leaves: Sequence[bytes], level: int, number: int) -> bytes:
    """Return a tile worked out from the leaves alone."""
    wide = 256**level
    first = number * 256 * wide
    return b"".join(
        naive.root(leaves[at : at + wide])
        for at in range(first, min(first + 256 * wide, len(leaves) - wide + 1), wide)
    )


def test_a_changed_inclusion_proof_is_refused() -> None:
    """Short, long, with a bit changed, for another place, size, leaf or root: never accepted."""
    for size in (1, 2, 3, 6, 8, 13, 64, MOST):
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            leaf, root = LEAVES[index], ROOTS[size]
            for wrong in mutants(proof):
                with pytest.raises(ProofRefused):
                    check_inclusion(leaf, index, size, wrong, root)
            for other in range(size):
                if other != index:
                    with pytest.raises(ProofRefused):
                        check_inclusion(leaf, other, size, proof, root)
            with pytest.raises(ProofRefused):
                check_inclusion(flipped(leaf), index, size, proof, root)
            with pytest.raises(ProofRefused):
                check_inclusion(leaf, index, size, proof, flipped(root))


def test_a_changed_consistency_proof_is_refused() -> None:
    """Short, long, with a bit changed, or between other roots: never accepted."""
    for new in (1, 2, 3, 6, 8, 13, 33):
        for old in range(new + 1):
            proof = consistency_proof(old, new, NODES)
            for wrong in mutants(proof):
                with pytest.raises(ProofRefused):
                    check_consistency(old, ROOTS[old], new, ROOTS[new], wrong)
            with pytest.raises(ProofRefused):
                check_consistency(old, flipped(ROOTS[old]), new, ROOTS[new], proof)
            if old:
                with pytest.raises(ProofRefused):
                    check_consistency(old, ROOTS[old], new, flipped(ROOTS[new]), proof)


def flipped(hash_: bytes, bit: int = 0) -> bytes:
    """Return a hash with one bit changed."""
    changed = bytearray(hash_)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def mutants(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Return proofs that are not this one."""
    made = [
        (*proof, LEAVES[0]),
        (LEAVES[0], *proof),
        (*proof, *proof, LEAVES[1]),
        (*proof, proof[-1] if proof else b""),
    ]
    for at, one in enumerate(proof):
        made.append(proof[:at] + proof[at + 1 :])
        made += [
            (*proof[:at], wrong, *proof[at + 1 :])
            for wrong in (flipped(one), flipped(one, 255), one[:-1], b"")
        ]
    return made


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (0, -1), (2**63 - 1, 2**63)])
def test_a_place_outside_the_tree_is_refused(index: int, size: int) -> None:
    """Whatever the proof says."""
    assert "beyond_size" == refusal(lambda: check_inclusion(LEAVES[0], index, size, (), LEAVES[0]))


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, 2**63)])
def test_sizes_that_cannot_follow_one_another_are_refused(old: int, new: int) -> None:
    """A log does not shrink."""
    assert "beyond_size" == refusal(lambda: check_consistency(old, EMPTY_ROOT, new, EMPTY_ROOT, ()))


def test_refusals_tell_their_reason() -> None:
    """Each by the code that the documentation lists."""
    one, two = ROOTS[1], ROOTS[2]

    assert "wrong_length" == refusal(lambda: check_inclusion(LEAVES[0], 0, 2, (), two))
    assert "wrong_length" == refusal(lambda: check_inclusion(LEAVES[0], 0, 1, (one,), one))
    assert "bad_hash" == refusal(lambda: check_inclusion(b"", 0, 1, (), one))
    assert "wrong_root" == refusal(lambda: check_inclusion(LEAVES[0], 0, 1, (), two))
    assert "wrong_old_root" == refusal(lambda: check_consistency(0, one, 1, one, ()))
    assert "wrong_root" == refusal(lambda: check_consistency(0, EMPTY_ROOT, 0, one, ()))
    assert "wrong_length" == refusal(lambda: check_consistency(0, EMPTY_ROOT, 1, one, (one,)))
    assert "wrong_root" == refusal(lambda: check_consistency(1, one, 1, two, ()))
    assert "wrong_length" == refusal(lambda: check_consistency(1, one, 2, two, ()))
    assert "wrong_old_root" == refusal(
        lambda: check_consistency(3, two, 4, ROOTS[4], consistency_proof(3, 4, NODES))
    )


def test_what_the_log_does_not_have_is_not_proved() -> None:
    """Neither entries to come nor a size before the beginning."""
    for ask in (
        lambda: inclusion_proof(3, 3, NODES),
        lambda: inclusion_proof(-1, 3, NODES),
        lambda: consistency_proof(4, 3, NODES),
        lambda: consistency_proof(-1, 3, NODES),
        lambda: root_at(-1, NODES),
    ):
        with pytest.raises(BeyondLog):
            ask()


def test_the_ledger_hashes_leaves_as_the_log_does() -> None:
    """They do not know one another, and must say the same."""
    assert canonical.leaf_of(b"an entry\n") == leaf_of(b"an entry\n")
    assert ROOTS[2] == node_of(LEAVES[0], LEAVES[1])
