"""Proves that sealed bytes open only under their key and at their place, and that nothing about a key is shown."""

import dataclasses
import hmac
import os
import struct
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing import DataKey, Place, UnreadableError, key_id_of

KEY_ID, SECRET = bytes(range(16)), bytes(range(100, 132))
PLACE = Place(site="nord", owner="5f0c54d2", kind="Observation", ident="0b7e6c1e", version=7)
PLAIN = b"what only the right place may read"
SEALED_BEFORE = bytes.fromhex(
    "01000102030405060708090a0b0c0d0e0f2af7500167397615465074beab2a16207c31f26cb4ef7c25f559d9c9d7fc8b45c6f19e1a31eadab69781d6aadf18702c22cc357b9d90e48f967c377e4f00"
)
"""Made once by this format; whatever changes, it must open."""

_K16 = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
_P16 = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
_C16 = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
_A16, _N16 = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"), bytes.fromhex("cafebabefacedbaddecaf888")
MCGREW_VIEGA = {
    13: (bytes(32), bytes(12), b"", b"", "530f8afbc74536b9a963b4f1c4cb738b"),
    14: (bytes(32), bytes(12), bytes(16), b"", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    15: (_K16, _N16, _P16, b"", _C16 + "b094dac5d93471bdec1a502270e3cc6c"),
    16: (_K16, _N16, _P16[:60], _A16, _C16[:120] + "76fc6ece0f4e1768cddf8853bb2d551b"),
}

FORKING = """
import os, sys
from shared.sealing import DataKey, Place
key, place = DataKey(bytes(16), bytes(32)), Place("nord", "o", "T", "i", 1)
key.seal(b"before", place)
read, write = os.pipe()
child = os.fork()
nonces = b"".join(key.seal(b"x", place)[17:29] for _ in range(2000))
if child == 0:
    os.write(write, nonces)
    os._exit(0)
os.close(write)
theirs = os.fdopen(read, "rb").read()
os.waitpid(child, 0)
every = [both[n:n + 12] for both in (nonces, theirs) for n in range(0, len(both), 12)]
print(len(every), len(set(every)))
"""


def a_key(key_id: bytes = KEY_ID, secret: bytes = SECRET) -> DataKey:
    return DataKey(key_id, secret)


def read_back(data: bytes) -> tuple[Place, bytes]:
    """The place and key id that associated data names: whatever can be read back is told apart."""
    form, version = struct.unpack_from(">BQ", data)
    assert form == 1
    parts, at = [], 9
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        parts.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    site, owner, kind, ident, key_id = parts
    return Place(site.decode(), owner.decode(), kind.decode(), ident.decode(), version), key_id


class TestKnownAnswers:
    @pytest.mark.parametrize("number", MCGREW_VIEGA)
    def test_are_those_of_mcgrew_and_viega(self, number: int) -> None:
        key, nonce, plain, data, sealed = MCGREW_VIEGA[number]

        assert AESGCM(key).encrypt(nonce, plain, data).hex() == sealed

    def test_open_what_was_sealed_by_an_earlier_release(self) -> None:
        assert a_key().open(SEALED_BEFORE, PLACE) == PLAIN

    def test_open_what_another_program_sealed_by_the_written_format(self) -> None:
        data = b"\x01" + (7).to_bytes(8, "big")
        for part in (b"nord", b"5f0c54d2", b"Observation", b"0b7e6c1e", KEY_ID):
            data += len(part).to_bytes(2, "big") + part
        nonce = os.urandom(12)

        sealed = b"\x01" + KEY_ID + nonce + AESGCM(SECRET).encrypt(nonce, PLAIN, data)

        assert a_key().open(sealed, PLACE) == PLAIN

    def test_blind_by_a_key_of_its_own(self) -> None:
        derived = hmac.digest(SECRET, b"serment/blind-index/v1", "sha256")

        assert a_key().blind(b"1 85 05 78 006 084") == hmac.digest(derived, b"1 85 05 78 006 084", "sha256")


class TestDataKey:
    def test_opens_what_it_sealed(self) -> None:
        assert a_key().open(a_key().seal(PLAIN, PLACE), PLACE) == PLAIN

    @pytest.mark.parametrize(
        "elsewhere",
        [
            {"site": "sud"},
            {"owner": "5f0c54d3"},
            {"kind": "Condition"},
            {"ident": "0b7e6c1f"},
            {"version": 8},
            {"version": 6},
            {"owner": "5f0c54d2O", "kind": "bservation"},
            {"site": "nord5", "owner": "f0c54d2"},
            {"site": ""},
        ],
        ids=str,
    )
    def test_does_not_open_what_was_moved(self, elsewhere: dict[str, object]) -> None:
        sealed = a_key().seal(PLAIN, PLACE)

        with pytest.raises(UnreadableError):
            a_key().open(sealed, dataclasses.replace(PLACE, **elsewhere))

    def test_does_not_open_under_another_key_id_even_when_the_bytes_say_so(self) -> None:
        other = bytes(16)
        renamed = b"\x01" + other + a_key().seal(PLAIN, PLACE)[17:]

        with pytest.raises(UnreadableError):
            a_key(other).open(renamed, PLACE)

    def test_does_not_open_what_another_key_of_the_same_id_sealed(self) -> None:
        with pytest.raises(UnreadableError):
            a_key(secret=bytes(32)).open(a_key().seal(PLAIN, PLACE), PLACE)

    def test_does_not_open_anything_cut_short(self) -> None:
        sealed = a_key().seal(PLAIN, PLACE)

        for length in range(len(sealed)):
            with pytest.raises(UnreadableError):
                a_key().open(sealed[:length], PLACE)

    def test_does_not_open_anything_with_more_behind_it(self) -> None:
        with pytest.raises(UnreadableError):
            a_key().open(a_key().seal(PLAIN, PLACE) + b"\0", PLACE)

    def test_does_not_open_with_any_single_bit_flipped(self) -> None:
        sealed = a_key().seal(PLAIN, PLACE)

        for bit in range(len(sealed) * 8):
            changed = bytearray(sealed)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(UnreadableError):
                a_key().open(bytes(changed), PLACE)

    def test_never_draws_a_nonce_twice(self) -> None:
        key = a_key()

        nonces = {key.seal(b"", PLACE)[17:29] for _ in range(100_000)}

        assert len(nonces) == 100_000

    def test_never_draws_a_nonce_twice_across_a_fork(self) -> None:
        told = subprocess.run([sys.executable, "-c", FORKING], check=True, capture_output=True, text=True, timeout=60)

        assert told.stdout.split() == ["4000", "4000"]

    def test_shows_its_id_and_no_secret(self) -> None:
        shown = f"{a_key()!r} {a_key()} {[a_key()]}"

        assert KEY_ID.hex() in shown
        assert SECRET.hex() not in shown
        assert repr(SECRET)[2:-1] not in shown

    @pytest.mark.parametrize(("key_id", "secret"), [(bytes(15), bytes(32)), (bytes(16), bytes(16)), (b"", bytes(32))])
    def test_refuses_a_secret_or_an_id_of_another_length(self, key_id: bytes, secret: bytes) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            DataKey(key_id, secret)

    def test_tells_the_key_of_sealed_bytes(self) -> None:
        assert key_id_of(a_key().seal(PLAIN, PLACE)) == KEY_ID


words = st.one_of(st.text(max_size=40), st.text(alphabet="a\0\x01", max_size=3))
places = st.builds(Place, words, words, words, words, st.integers(0, 2**64 - 1))


class TestPlace:
    @given(place=places, key_id=st.binary(min_size=16, max_size=16))
    def test_can_be_read_back_from_its_associated_data(self, place: Place, key_id: bytes) -> None:
        assert read_back(place.associated_data(key_id)) == (place, key_id)

    @given(one=places, other=places)
    def test_shares_its_associated_data_with_no_other(self, one: Place, other: Place) -> None:
        assert (one.associated_data(KEY_ID) == other.associated_data(KEY_ID)) == (one == other)
