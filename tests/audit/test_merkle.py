"""The hashes and proofs of RFC 6962, against published vectors and a slow reading of the RFC."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_consistency, verify_inclusion

LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
ROOTS = {
    size: bytes.fromhex(root)
    for size, root in {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }.items()
}
INCLUSION_5_OF_7 = [
    bytes.fromhex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    bytes.fromhex("b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"),
    ROOTS[4],
]
LAST_OF_7 = bytes.fromhex("837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e")
CONSISTENCY = {
    (3, 7): [
        bytes.fromhex("0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
        bytes.fromhex("07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
        ROOTS[2],
        LAST_OF_7,
    ],
    (6, 8): [
        bytes.fromhex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
        bytes.fromhex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
        ROOTS[4],
    ],
    (4, 7): [LAST_OF_7],
}
SIZES = st.integers(1, 70)


def slow_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    left, right = halves(leaves)
    return sha256(b"\x01" + slow_root(left) + slow_root(right)).digest()


def slow_inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    left, right = halves(leaves)
    if index < len(left):
        return [*slow_inclusion(index, left), slow_root(right)]
    return [*slow_inclusion(index - len(left), right), slow_root(left)]


def slow_consistency(first: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    if first == len(leaves):
        return [] if known else [slow_root(leaves)]
    left, right = halves(leaves)
    if first <= len(left):
        return [*slow_consistency(first, left, known=known), slow_root(right)]
    return [*slow_consistency(first - len(left), right, known=False), slow_root(left)]


def halves(leaves: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    at = 1
    while at * 2 < len(leaves):
        at *= 2
    return leaves[:at], leaves[at:]


def sides(index: int, size: int) -> list[str]:
    """Which way one climbs from a leaf to the root."""
    if size == 1:
        return []
    at = len(halves([b""] * size)[0])
    return [*sides(index, at), "left"] if index < at else [*sides(index - at, size - at), "right"]


def some_leaves(count: int) -> list[bytes]:
    return [leaf_hash(n.to_bytes(4, "big")) for n in range(count)]


def flips(value: bytes) -> list[bytes]:
    whole = int.from_bytes(value, "big")
    return [(whole ^ (1 << bit)).to_bytes(len(value), "big") for bit in range(8 * len(value))]


def flips_within(proof: list[bytes]) -> list[list[bytes]]:
    return [[*proof[:at], flipped, *proof[at + 1 :]] for at, each in enumerate(proof) for flipped in flips(each)]


class TestRootOf:
    def test_is_the_hash_of_nothing_for_an_empty_tree(self) -> None:
        assert root_of(b"") == EMPTY_ROOT == sha256(b"").digest()

    @pytest.mark.parametrize("size", ROOTS)
    def test_matches_the_published_roots(self, size: int) -> None:
        assert root_of(b"".join(LEAVES[:size])) == ROOTS[size]

    @given(SIZES)
    def test_matches_the_recursive_definition(self, size: int) -> None:
        leaves = some_leaves(size)

        assert root_of(b"".join(leaves)) == slow_root(leaves)


class TestVerifyInclusion:
    def test_accepts_the_published_proof(self) -> None:
        assert verify_inclusion(LEAVES[5], INCLUSION_5_OF_7, index=5, size=7, root=ROOTS[7])

    def test_accepts_every_leaf_of_every_small_tree_and_no_other_index(self) -> None:
        for size in range(1, 40):
            leaves = some_leaves(size)
            root = slow_root(leaves)
            for index in range(size):
                proof = slow_inclusion(index, leaves)
                accepted = [at for at in range(-1, size + 1) if verify_inclusion(leaves[index], proof, index=at, size=size, root=root)]
                assert accepted == [index]

    def test_refuses_any_changed_bit(self) -> None:
        def verify(leaf: bytes = LEAVES[5], proof: list[bytes] = INCLUSION_5_OF_7, root: bytes = ROOTS[7]) -> bool:
            return verify_inclusion(leaf, proof, index=5, size=7, root=root)

        assert not any(verify(leaf=leaf) for leaf in flips(LEAVES[5]))
        assert not any(verify(root=root) for root in flips(ROOTS[7]))
        assert not any(verify(proof=proof) for proof in flips_within(INCLUSION_5_OF_7))

    @given(st.data(), SIZES, SIZES)
    def test_refuses_another_size_unless_the_climb_is_the_same(self, data: st.DataObject, size: int, other: int) -> None:
        index = data.draw(st.integers(0, size - 1))
        leaves = some_leaves(size)

        accepted = verify_inclusion(leaves[index], slow_inclusion(index, leaves), index=index, size=other, root=slow_root(leaves))

        assert accepted == (index < other and sides(index, other) == sides(index, size))

    @pytest.mark.parametrize("proof", [[], INCLUSION_5_OF_7[:-1], [*INCLUSION_5_OF_7, LEAVES[0]], INCLUSION_5_OF_7[::-1]])
    def test_refuses_a_proof_cut_stretched_or_reordered(self, proof: list[bytes]) -> None:
        assert not verify_inclusion(LEAVES[5], proof, index=5, size=7, root=ROOTS[7])

    def test_refuses_hashes_of_another_length(self) -> None:
        assert not verify_inclusion(b"", [], index=0, size=1, root=b"")
        assert not verify_inclusion(LEAVES[5], [*INCLUSION_5_OF_7[:-1], ROOTS[4] + b"\0"], index=5, size=7, root=ROOTS[7])

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (0, -1)])
    def test_refuses_an_index_outside_the_tree(self, index: int, size: int) -> None:
        assert not verify_inclusion(LEAVES[0], [], index=index, size=size, root=ROOTS[1])


class TestVerifyConsistency:
    @pytest.mark.parametrize(("first", "second"), CONSISTENCY)
    def test_accepts_the_published_proofs(self, first: int, second: int) -> None:
        proof = CONSISTENCY[first, second]

        assert verify_consistency(proof, first_size=first, first_root=ROOTS[first], second_size=second, second_root=ROOTS[second])

    def test_accepts_every_pair_of_small_trees(self) -> None:
        leaves = some_leaves(70)
        roots = [slow_root(leaves[:size]) for size in range(71)]
        for second in range(1, 71):
            for first in range(1, second + 1):
                proof = slow_consistency(first, leaves[:second])
                assert verify_consistency(proof, first_size=first, first_root=roots[first], second_size=second, second_root=roots[second])

    @pytest.mark.parametrize(("first", "second"), CONSISTENCY)
    def test_refuses_any_changed_bit(self, first: int, second: int) -> None:
        proof = CONSISTENCY[first, second]

        def verify(first_root: bytes = ROOTS[first], second_root: bytes = ROOTS[second], proof: list[bytes] = proof) -> bool:
            return verify_consistency(proof, first_size=first, first_root=first_root, second_size=second, second_root=second_root)

        assert not any(verify(first_root=root) for root in flips(ROOTS[first]))
        assert not any(verify(second_root=root) for root in flips(ROOTS[second]))
        assert not any(verify(proof=other) for other in flips_within(proof))

    @pytest.mark.parametrize("proof", [[], CONSISTENCY[3, 7][:-1], [*CONSISTENCY[3, 7], LEAVES[0]], CONSISTENCY[3, 7][::-1]])
    def test_refuses_a_proof_cut_stretched_or_reordered(self, proof: list[bytes]) -> None:
        assert not verify_consistency(proof, first_size=3, first_root=ROOTS[3], second_size=7, second_root=ROOTS[7])

    def test_asks_equal_sizes_for_equal_roots_and_no_proof(self) -> None:
        assert verify_consistency([], first_size=3, first_root=ROOTS[3], second_size=3, second_root=ROOTS[3])
        assert not verify_consistency([], first_size=3, first_root=ROOTS[3], second_size=3, second_root=ROOTS[4])
        assert not verify_consistency([LEAVES[0]], first_size=3, first_root=ROOTS[3], second_size=3, second_root=ROOTS[3])

    def test_refuses_an_empty_first_tree_and_a_shrinking_one(self) -> None:
        assert not verify_consistency([], first_size=0, first_root=EMPTY_ROOT, second_size=1, second_root=ROOTS[1])
        assert not verify_consistency([], first_size=0, first_root=EMPTY_ROOT, second_size=0, second_root=EMPTY_ROOT)
        assert not verify_consistency(CONSISTENCY[4, 7], first_size=7, first_root=ROOTS[7], second_size=4, second_root=ROOTS[4])

    def test_refuses_hashes_of_another_length(self) -> None:
        assert not verify_consistency([], first_size=1, first_root=b"", second_size=1, second_root=b"")
