"""Trees kept in tiles give the same roots and proofs as a slow reading of the RFC."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_consistency, verify_inclusion
from services.audit.tiles import (
    ShortTileError,
    TileName,
    TileTree,
    consistency_proof,
    decode_entries,
    edge_widths,
    encode_entries,
    inclusion_proof,
    parse_tile_path,
    tile_path,
    tiles_needed,
)

BIG = 70_000


def some_leaves(count: int) -> list[bytes]:
    return [leaf_hash(n.to_bytes(4, "big")) for n in range(count)]


class KeptTiles:
    """A store of tiles, grown batch by batch."""

    def __init__(self) -> None:
        self.tree = TileTree()
        self.tiles: dict[tuple[int, int], bytes] = {}

    def grow(self, leaves: list[bytes]) -> None:
        growth = self.tree.append(leaves)
        self.tree = growth.tree
        self.tiles.update(growth.changed)

    def read(self, level: int, n: int) -> bytes:
        return self.tiles[level, n]


@cache
def a_big_log() -> KeptTiles:
    log, leaves, at = KeptTiles(), some_leaves(BIG), 0
    draw = random.Random(7)  # noqa: S311
    while at < BIG:
        batch = draw.choice([1, 7, 100, 255, 256, 257, 1000, 3000])
        log.grow(leaves[at : at + batch])
        at += batch
    return log


@cache
def big_root(size: int) -> bytes:
    return root_of(b"".join(some_leaves(size)))


class TestTileTree:
    def test_begins_empty(self) -> None:
        assert TileTree().root() == EMPTY_ROOT
        assert TileTree().append([]).changed == {}

    @given(st.lists(st.integers(0, 700), max_size=6))
    @settings(deadline=None)
    def test_has_the_same_root_and_tiles_however_it_was_cut_into_batches(self, batches: list[int]) -> None:
        leaves, log = some_leaves(sum(batches)), KeptTiles()

        for at, batch in enumerate(batches):
            log.grow(leaves[sum(batches[:at]) : sum(batches[:at]) + batch])

        assert log.tree.size == len(leaves)
        assert log.tree.root() == root_of(b"".join(leaves))
        assert log.tiles == TileTree().append(leaves).changed

    @given(st.integers(0, BIG))
    @settings(deadline=None, max_examples=25)
    def test_is_read_back_at_any_size_from_tiles_that_grew_since(self, size: int) -> None:
        tree = TileTree.read(size, a_big_log().read)

        assert tree.root() == big_root(size)
        assert tree.append([]).tree == tree

    @given(st.integers(0, BIG), st.integers(1, 600))
    @settings(deadline=None, max_examples=25)
    def test_changes_only_tiles_at_the_right_edge(self, size: int, batch: int) -> None:
        growth = TileTree.read(size, a_big_log().read).append([bytes(32)] * batch)

        assert all(n >= size >> 8 * (level + 1) for level, n in growth.changed)
        assert all(0 < len(tile) <= 8192 for tile in growth.changed.values())
        assert growth.size == size + batch

    def test_stays_as_it_was_when_it_grows(self) -> None:
        tree = TileTree().append(some_leaves(300)).tree
        before = tree.root()

        tree.append(some_leaves(300))

        assert (tree.size, tree.root()) == (300, before)

    def test_has_the_widths_of_the_standard_at_70000(self) -> None:
        tiles = a_big_log().tiles
        full = [sum(1 for (level, _), tile in tiles.items() if level == each and len(tile) == 8192) for each in range(3)]

        assert full == [273, 1, 0]
        assert edge_widths(BIG) == [112, 17, 1]
        assert [len(tiles[0, 273]) // 32, len(tiles[1, 1]) // 32, len(tiles[2, 0]) // 32] == [112, 17, 1]

    def test_refuses_an_edge_of_another_size(self) -> None:
        with pytest.raises(ShortTileError):
            TileTree(3, (bytes(64),))

    def test_refuses_a_leaf_that_is_no_hash(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            TileTree().append([bytes(31), bytes(33)])


class TestProofs:
    def test_are_accepted_for_every_leaf_and_pair_of_small_trees(self) -> None:
        log, leaves = KeptTiles(), some_leaves(70)
        log.grow(leaves)
        roots = [root_of(b"".join(leaves[:size])) for size in range(71)]

        for size in range(1, 71):
            for at in range(size):
                inclusion = inclusion_proof(at, size, log.read)
                consistency = consistency_proof(at + 1, size, log.read)
                assert verify_inclusion(leaves[at], inclusion, index=at, size=size, root=roots[size])
                assert verify_consistency(
                    consistency, first_size=at + 1, first_root=roots[at + 1], second_size=size, second_root=roots[size]
                )

    @given(st.data(), st.integers(1, BIG))
    @settings(deadline=None, max_examples=40)
    def test_are_accepted_anywhere_in_a_big_tree(self, data: st.DataObject, size: int) -> None:
        log = a_big_log()
        index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))

        inclusion = inclusion_proof(index, size, log.read)
        consistency = consistency_proof(first, size, log.read)

        assert verify_inclusion(leaf_hash(index.to_bytes(4, "big")), inclusion, index=index, size=size, root=big_root(size))
        assert verify_consistency(consistency, first_size=first, first_root=big_root(first), second_size=size, second_root=big_root(size))

    def test_are_empty_where_there_is_nothing_to_show(self) -> None:
        log = a_big_log()

        assert inclusion_proof(0, 1, log.read) == []
        assert consistency_proof(0, BIG, log.read) == []
        assert consistency_proof(BIG, BIG, log.read) == []

    def test_say_beforehand_which_tiles_they_read(self) -> None:
        needed = tiles_needed(lambda read: inclusion_proof(12_345, BIG, read))
        few = {key: a_big_log().tiles[key] for key in needed}

        proof = inclusion_proof(12_345, BIG, lambda level, n: few[level, n])

        assert len(few) <= 6
        assert proof == inclusion_proof(12_345, BIG, a_big_log().read)

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
    def test_are_refused_outside_the_tree(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, size, a_big_log().read)

    def test_are_refused_backwards(self) -> None:
        with pytest.raises(ValueError, match="precede"):
            consistency_proof(5, 4, a_big_log().read)

    def test_are_refused_from_a_tile_cut_short(self) -> None:
        with pytest.raises(ShortTileError):
            inclusion_proof(0, 8, lambda _level, _n: bytes(32))


class TestTilePath:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            (TileName(0, 1234067, 256), "tile/0/x001/x234/067"),
            (TileName(0, 273, 112), "tile/0/273.p/112"),
            (TileName(1, 0, 256), "tile/1/000"),
            (TileName(63, 1000, 1), "tile/63/x001/000.p/1"),
            (TileName("entries", 273, 112), "tile/entries/273.p/112"),
        ],
    )
    def test_is_written_and_read(self, name: TileName, path: str) -> None:
        assert tile_path(*name) == path
        assert parse_tile_path(path) == name

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tile/0/1",
            "tile/00/001",
            "tile/64/001",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/001.p/0",
            "tile/0/001.p/01",
            "tile/0/001.p/256",
            "tile/0/001\n",
            "tile/0/٠٠١",
            "tile/0/" + "x001/" * 2000 + "001",
            "tile/-1/001",
            "/tile/0/001",
        ],
    )
    def test_has_one_spelling(self, path: str) -> None:
        assert parse_tile_path(path) is None

    @given(st.integers(0, 10**18 - 1), st.integers(1, 256), st.integers(0, 63))
    def test_comes_back_as_it_went(self, n: int, width: int, level: int) -> None:
        assert parse_tile_path(tile_path(level, n, width)) == (level, n, width)


class TestEntries:
    @given(st.lists(st.binary(max_size=40), max_size=256))
    def test_come_back_as_they_went(self, entries: list[bytes]) -> None:
        assert decode_entries(encode_entries(entries)) == entries

    def test_are_a_length_and_the_bytes(self) -> None:
        assert encode_entries([b"abc", b""]) == b"\x00\x03abc\x00\x00"

    @pytest.mark.parametrize("bundle", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00"])
    def test_are_refused_cut_short(self, bundle: bytes) -> None:
        with pytest.raises(ValueError, match="inside an entry"):
            decode_entries(bundle)

    def test_are_refused_beyond_their_length(self) -> None:
        with pytest.raises(OverflowError):
            encode_entries([bytes(65_536)])
