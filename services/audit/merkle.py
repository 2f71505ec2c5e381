"""Hashes an RFC 6962 Merkle tree and checks the proofs made over it."""

from collections.abc import Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(row: bytes) -> bytes:
    """The root over hashes laid end to end; the last of an odd row rises as it is."""
    if not row:
        return EMPTY_ROOT
    while len(row) > HASH_SIZE:
        paired = len(row) // 64 * 64
        row = b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, paired, 64)]) + row[paired:]
    return row


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> bool:
    """RFC 9162, 2.1.3.2, for a leaf's hash. Root and size must come from one signed checkpoint: the root alone does not fix the size."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False

    place, last, joined = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if _stands_right(place, last):
            joined = node_hash(sibling, joined)
            place, last = _past_promotions(place, last)
        else:
            joined = node_hash(joined, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and joined == root


def verify_consistency(proof: Sequence[bytes], *, first_size: int, first_root: bytes, second_size: int, second_root: bytes) -> bool:
    """RFC 9162, 2.1.4.2. An empty first tree is consistent with anything, which proves nothing: it is refused."""
    if not 0 < first_size <= second_size or not _are_hashes(first_root, second_root, *proof):
        return False
    if first_size == second_size:
        return not proof and first_root == second_root

    path = [first_root, *proof] if first_size.bit_count() == 1 else [*proof]
    return bool(path) and _roots_along(path, first_size, second_size) == (first_root, second_root)


def _roots_along(path: Sequence[bytes], first_size: int, second_size: int) -> tuple[bytes, bytes] | None:
    place, last = first_size - 1, second_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1

    first, second = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if _stands_right(place, last):
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            place, last = _past_promotions(place, last)
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return (first, second) if last == 0 else None


def _stands_right(place: int, last: int) -> bool:
    return place & 1 == 1 or place == last


def _past_promotions(place: int, last: int) -> tuple[int, int]:
    """The last node of an odd row rose without a sibling: skip the rows where it did."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
