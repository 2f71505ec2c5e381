"""Lays a growing Merkle tree out in C2SP tiles, and makes its proofs from them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Literal, NamedTuple

from services.audit.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_SIZE
TOP_LEVEL = 63
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")

Level = int | Literal["entries"]
ReadTile = Callable[[int, int], bytes]
"""Answers tile (level, n), at least as wide as the tree of the asked size needs."""


class ShortTileError(LookupError):
    """A stored tile holds fewer hashes than the size of the tree says."""


class TileName(NamedTuple):
    level: Level
    n: int
    width: int


@dataclass(frozen=True, slots=True)
class TileTree:
    """A tree of which only the unfinished tile of each level is held, lowest level first."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if [len(tile) for tile in self.edge] != [width * HASH_SIZE for width in edge_widths(self.size)]:
            raise ShortTileError(f"the edge does not fit a tree of {self.size} leaves")

    @classmethod
    def read(cls, size: int, read_tile: ReadTile) -> "TileTree":
        levels = enumerate(edge_widths(size))
        edge = [read_tile(level, size >> HEIGHT * (level + 1))[: width * HASH_SIZE] if width else b"" for level, width in levels]
        return cls(size, tuple(edge))

    def root(self) -> bytes:
        rest = b""
        for tile in self.edge:
            rest = root_of(tile + rest) if tile else rest
        return rest or EMPTY_ROOT

    def append(self, leaf_hashes: Sequence[bytes]) -> "Growth":
        """The tree after these leaves; this one stays as it was, so a transaction that fails leaves nothing to undo."""
        if any(len(leaf) != HASH_SIZE for leaf in leaf_hashes):
            raise ValueError("a leaf hash is 32 bytes")

        row, edge, changed = b"".join(leaf_hashes), list(self.edge), dict[tuple[int, int], bytes]()
        for level in count():
            if not row:
                break
            tiles = _cut((edge[level] if level < len(edge) else b"") + row)
            changed.update(((level, n), tile) for n, tile in enumerate(tiles, start=self.size >> HEIGHT * (level + 1)))
            edge[level : level + 1] = [tiles[-1] if len(tiles[-1]) < TILE_BYTES else b""]
            row = b"".join([root_of(tile) for tile in tiles if len(tile) == TILE_BYTES])
        return Growth(TileTree(self.size + len(leaf_hashes), tuple(edge)), changed)


@dataclass(frozen=True, slots=True)
class Growth:
    tree: TileTree
    changed: dict[tuple[int, int], bytes]

    @property
    def size(self) -> int:
        return self.tree.size


def edge_widths(size: int) -> list[int]:
    """How many hashes the unfinished tile of each level holds, lowest level first."""
    levels = -(-size.bit_length() // HEIGHT)
    return [size >> HEIGHT * level & (WIDTH - 1) for level in range(levels)]


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end, siblings = 0, size, list[tuple[int, int]]()
    while end - start > 1:
        middle = _split(start, end)
        siblings.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return _hashes_of(reversed(siblings), read_tile)


def consistency_proof(first_size: int, second_size: int, read_tile: ReadTile) -> list[bytes]:
    """Empty from size 0, as a witness expects of a first checkpoint, and between equal sizes."""
    if not 0 <= first_size <= second_size:
        raise ValueError(f"a tree of {first_size} cannot precede one of {second_size}")
    start, end, siblings = 0, second_size if first_size else 0, list[tuple[int, int]]()
    while end != first_size and first_size:
        middle = _split(start, end)
        siblings.append((middle, end) if first_size <= middle else (start, middle))
        start, end = (start, middle) if first_size <= middle else (middle, end)
    known = [(start, end)] if start else []
    return _hashes_of([*known, *reversed(siblings)], read_tile)


def tiles_needed(prove: Callable[[ReadTile], object]) -> list[tuple[int, int]]:
    """Which tiles a proof will read, so that they can be fetched together beforehand."""
    asked = dict[tuple[int, int], None]()

    def blank(level: int, n: int) -> bytes:
        asked[level, n] = None
        return bytes(TILE_BYTES)

    prove(blank)
    return list(asked)


def tile_path(level: Level, n: int, width: int = WIDTH) -> str:
    groups = f"{n % 1000:03d}"
    while n := n // 1000:
        groups = f"x{n % 1000:03d}/{groups}"
    return f"tile/{level}/{groups}" + (f".p/{width}" if width < WIDTH else "")


def parse_tile_path(path: str) -> TileName | None:
    """Only the one true spelling is a tile's name."""
    if (found := _PATH.fullmatch(path)) is None:
        return None
    level: Level = "entries" if found[1] == "entries" else int(found[1])
    name = TileName(level, int(re.sub("[x/]", "", found[2])), int(found[3] or WIDTH))
    allowed = 0 < name.width <= WIDTH and (level == "entries" or level <= TOP_LEVEL)
    return name if allowed and tile_path(*name) == path else None


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """An entry over 65535 bytes is an OverflowError."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(bundle: bytes) -> list[bytes]:
    entries, at = list[bytes](), 0
    while at < len(bundle):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        entries.append(bundle[start:at])
    if at != len(bundle):
        raise ValueError("the bundle ends inside an entry")
    return entries


def _cut(row: bytes) -> list[bytes]:
    return [row[at : at + TILE_BYTES] for at in range(0, len(row), TILE_BYTES)]


def _split(start: int, end: int) -> int:
    return start + (1 << (end - start - 1).bit_length() - 1)


def _hashes_of(ranges: Iterable[tuple[int, int]], read_tile: ReadTile) -> list[bytes]:
    read_once = cache(read_tile)
    return [_subtree(start, end, read_once) for start, end in ranges]


def _subtree(start: int, end: int, read_tile: ReadTile) -> bytes:
    leaves = end - start
    if leaves.bit_count() != 1:
        middle = _split(start, end)
        return node_hash(_subtree(start, middle, read_tile), _subtree(middle, end, read_tile))

    level = (leaves.bit_length() - 1) // HEIGHT
    n, first = divmod(start >> HEIGHT * level, WIDTH)
    row = read_tile(level, n)[first * HASH_SIZE : (first + (leaves >> HEIGHT * level)) * HASH_SIZE]
    if len(row) != (leaves >> HEIGHT * level) * HASH_SIZE:
        raise ShortTileError(f"tile {level}/{n} does not reach leaf {end - 1}")
    return root_of(row)
