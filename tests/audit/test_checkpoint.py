"""Notes, checkpoints and proofs as the C2SP formats spell them, and nothing that was not signed."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.audit.checkpoint import (
    Checkpoint,
    Ed25519Verifier,
    Signature,
    TlogProof,
    WordRejectedError,
    format_vkey,
    make_note,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_note,
    parse_proof,
    parse_vkey,
    verify_proof,
)
from services.audit.merkle import EMPTY_ROOT, leaf_hash

LOG_VKEY = "audit.example.org/log1+17846be1+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
LOG = parse_vkey(LOG_VKEY)
BODY = "audit.example.org/log1\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
LINE = "— audit.example.org/log1 F4Rr4XZtMSn4D9GVe8xsw0IwIK2fYlck2FoOn5VfHAdgOXy8lQc9Cju+FyCm18QHg0vI8tZXujC7PxtoxlfAXzw1gg8=\n"
NOTE = f"{BODY}\n{LINE}"
COSIGNATURE = (
    "— witness.example.org/w1 z80aZwAAAABo53gA4UDPxxWszjVg0n0LDfQsEqQHs6HLeH1wtQCRoXm7xc6LIcPnNNi64ntDUUUC9CouWL08UjpaRokUrnEgB5n3BA==\n"
)
LEAF_5 = leaf_hash(bytes.fromhex("40414243"))
PROOF = (
    "c2sp.org/tlog-proof@v1\nindex 5\n"
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
    f"\n{NOTE}"
)


class Signer:
    """Stands where Vault stands."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Ed25519Verifier(name, self.key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        return Signature(self.verifier.name, self.verifier.key_id, self.key.sign(text.encode()))


THE_LOG = Signer("audit.example.org/log1", bytes(range(32)))
SOMEONE = Signer("someone.example.org", bytes(32))


class CosignatureVerifier(Ed25519Verifier):
    """A witness (type 0x04): a verifier of another type fits `open_note` as it is."""

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n\x04" + self.public_key).digest()[:4]

    def verifies(self, text: str, signature: bytes) -> bool:
        seen_at = int.from_bytes(signature[:8], "big")
        return Ed25519Verifier(self.name, self.public_key).verifies(f"cosignature/v1\ntime {seen_at}\n{text}", signature[8:])


def flips(text: str) -> list[str]:
    """The text after each change of one bit, where it still is text."""
    raw = bytearray(text.encode())
    changed = []
    for bit in range(8 * len(raw)):
        raw[bit // 8] ^= 1 << bit % 8
        changed.append(bytes(raw).decode(errors="surrogateescape"))
        raw[bit // 8] ^= 1 << bit % 8
    return changed


def accepted(call: Callable[[str], object], texts: list[str]) -> list[str]:
    """Those of the texts that the call does not reject; it may raise nothing else."""
    taken = []
    for text in texts:
        with suppress(WordRejectedError):
            call(text)
            taken.append(text)
    return taken


class TestVkey:
    @pytest.mark.parametrize(
        "vkey",
        [
            LOG_VKEY,
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ],
    )
    def test_comes_back_as_it_went(self, vkey: str) -> None:
        assert format_vkey(parse_vkey(vkey)) == vkey

    def test_is_made_of_name_and_public_key(self) -> None:
        assert format_vkey(THE_LOG.verifier) == LOG_VKEY

    def test_is_refused_with_any_changed_bit(self) -> None:
        assert accepted(parse_vkey, flips(LOG_VKEY)) == []

    @pytest.mark.parametrize("vkey", ["", "a+b", "a+00000000+", "a b+17846be1+AQ==", LOG_VKEY + "\n", LOG_VKEY.upper()])
    def test_is_refused_malformed(self, vkey: str) -> None:
        with pytest.raises(WordRejectedError):
            parse_vkey(vkey)


class TestOpenNote:
    @pytest.mark.parametrize(
        ("vkey", "text", "signature"),
        [
            (
                "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                "This is an example message.\n",
                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=",
            ),
            (
                "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
                "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
            ),
        ],
    )
    def test_opens_the_published_notes(self, vkey: str, text: str, signature: str) -> None:
        verifier = parse_vkey(vkey)

        opened = open_note(f"{text}\n— {verifier.name} {signature}\n", [verifier])

        assert opened.text == text
        assert [each.signature for each in opened.signatures] == [b64decode(signature)[4:]]

    def test_opens_what_was_made(self) -> None:
        assert make_note(BODY, [THE_LOG.sign(BODY)]) == NOTE

    def test_passes_over_unknown_keys(self) -> None:
        assert [each.name for each in open_note(NOTE + COSIGNATURE, [LOG]).signatures] == [LOG.name]

    def test_refuses_when_no_known_key_signed(self) -> None:
        with pytest.raises(WordRejectedError, match="no known key"):
            open_note(NOTE, [SOMEONE.verifier])
        with pytest.raises(WordRejectedError, match="no known key"):
            open_note(NOTE, [])

    def test_refuses_the_whole_when_one_known_key_fails(self) -> None:
        forged = make_note(BODY, [THE_LOG.sign(BODY), replace(SOMEONE.sign(BODY), signature=bytes(64))])

        assert open_note(forged, [LOG]).text == BODY
        with pytest.raises(WordRejectedError, match="did not sign"):
            open_note(forged, [LOG, SOMEONE.verifier])

    def test_refuses_a_second_signature_of_a_known_key_that_fails(self) -> None:
        good = THE_LOG.sign(BODY)

        with pytest.raises(WordRejectedError, match="did not sign"):
            open_note(make_note(BODY, [good, replace(good, signature=bytes(64))]), [LOG])

    @pytest.mark.parametrize("length", [1, 63, 65, 76])
    def test_refuses_a_signature_of_another_length(self, length: int) -> None:
        with pytest.raises(WordRejectedError, match="did not sign"):
            open_note(make_note(BODY, [replace(THE_LOG.sign(BODY), signature=bytes(length))]), [LOG])

    def test_refuses_any_changed_bit(self) -> None:
        assert accepted(lambda note: open_note(note, [LOG]), flips(NOTE)) == []

    def test_covers_a_text_with_empty_lines(self) -> None:
        text = "one\n\ntwo\n\n\n"

        assert open_note(make_note(text, [THE_LOG.sign(text)]), [LOG]).text == text

    def test_takes_a_hundred_signatures_and_not_one_more(self) -> None:
        assert open_note(NOTE + COSIGNATURE * 99, [LOG]).text == BODY
        with pytest.raises(WordRejectedError):
            open_note(NOTE + COSIGNATURE * 100, [LOG])

    @pytest.mark.parametrize(
        "note",
        [
            "",
            BODY,
            f"{BODY}\n",
            NOTE[:-1],
            NOTE + "\n",
            NOTE + "junk\n",
            NOTE.replace("—", "-"),
            NOTE.replace("\n", "\r\n"),
            NOTE + "— a b+c\n",
            NOTE + "— a+b AAAAAAAA\n",
            NOTE + "— a AAAAAA==\n",
            NOTE + "— a  AAAAAAAA\n",
            NOTE + "— a AAAAAAAA \n",
            NOTE + "— a\u00a0b AAAAAAAA\n",
            NOTE + "— a AAAAAAB=\n",
            "\ud800" + NOTE,
            "\0" + NOTE,
        ],
    )
    def test_refuses_what_is_no_note(self, note: str) -> None:
        with pytest.raises(WordRejectedError):
            open_note(note, [LOG])

    @given(st.text(), st.text())
    def test_raises_nothing_else(self, before: str, after: str) -> None:
        assert accepted(lambda note: open_note(note, [LOG]), [f"{before}\n\n— {after}\n"]) == []

    def test_can_be_read_unchecked_to_gather_signatures(self) -> None:
        text, signatures = parse_note(NOTE + COSIGNATURE)

        assert make_note(text, signatures) == NOTE + COSIGNATURE


class TestCheckpoint:
    def test_is_written_and_read(self) -> None:
        checkpoint = parse_checkpoint(BODY)

        assert (checkpoint.origin, checkpoint.size) == ("audit.example.org/log1", 8)
        assert checkpoint.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        assert checkpoint.body() == BODY

    @pytest.mark.parametrize(
        "body",
        [
            "",
            BODY[:-1],
            BODY + "an extension\n",
            BODY.replace("\n8\n", "\n08\n"),
            BODY.replace("\n8\n", "\n-8\n"),
            BODY.replace("\n8\n", "\n+8\n"),
            BODY.replace("\n8\n", "\n٨\n"),
            BODY.replace("\n8\n", "\n0\n"),
            BODY.replace("\n8\n", f"\n{2**63}\n"),
            BODY.replace("yg=", "yh="),
            BODY.replace("Xcna", ""),
            BODY.replace("audit.example.org/log1", ""),
            BODY.replace("audit.example.org/log1", "a b"),
            BODY.replace("audit.example.org/log1", "a+b"),
        ],
    )
    def test_has_one_spelling(self, body: str) -> None:
        with pytest.raises(WordRejectedError):
            parse_checkpoint(body)

    def test_of_an_empty_log_has_the_empty_root(self) -> None:
        empty = Checkpoint("a", 0, EMPTY_ROOT)

        assert parse_checkpoint(empty.body()) == empty

    def test_is_opened_with_the_signatures_of_the_log_and_of_known_others(self) -> None:
        checkpoint, signatures = open_checkpoint(
            make_note(BODY, [SOMEONE.sign(BODY), THE_LOG.sign(BODY)]), log=LOG, others=[SOMEONE.verifier]
        )

        assert checkpoint.size == 8
        assert [each.name for each in signatures] == [SOMEONE.verifier.name, LOG.name]

    def test_is_opened_with_the_published_cosignature(self) -> None:
        witness = CosignatureVerifier("witness.example.org/w1", LOG.public_key)

        _, signatures = open_checkpoint(NOTE + COSIGNATURE, log=LOG, others=[witness])

        assert [each.name for each in signatures] == [LOG.name, witness.name]
        assert int.from_bytes(signatures[1].signature[:8], "big") == 1_760_000_000

    def test_is_refused_when_only_others_signed(self) -> None:
        with pytest.raises(WordRejectedError, match="the log did not sign"):
            open_checkpoint(make_note(BODY, [SOMEONE.sign(BODY)]), log=LOG, others=[SOMEONE.verifier])

    def test_is_refused_under_the_origin_of_another_log(self) -> None:
        body = BODY.replace("log1", "log2")

        with pytest.raises(WordRejectedError, match="the log did not sign"):
            open_checkpoint(make_note(body, [THE_LOG.sign(body)]), log=LOG)


class TestTlogProof:
    def test_is_written_and_read(self) -> None:
        assert parse_proof(PROOF).text() == PROOF

    @pytest.mark.parametrize("extra", [b"", b"x", bytes(100)])
    def test_carries_something_extra(self, extra: bytes) -> None:
        proof = replace(parse_proof(PROOF), extra=extra)

        assert parse_proof(proof.text()) == proof
        assert verify_proof(proof, LEAF_5, log=LOG).size == 8

    def test_of_a_single_leaf_has_no_hashes(self) -> None:
        body = Checkpoint(LOG.name, 1, LEAF_5).body()
        proof = TlogProof(0, (), make_note(body, [THE_LOG.sign(body)]))

        assert verify_proof(parse_proof(proof.text()), LEAF_5, log=LOG).size == 1

    def test_is_verified(self) -> None:
        assert verify_proof(parse_proof(PROOF), LEAF_5, log=LOG) == parse_checkpoint(BODY)

    def test_is_refused_with_any_changed_bit(self) -> None:
        assert accepted(lambda text: verify_proof(parse_proof(text), LEAF_5, log=LOG), flips(PROOF)) == []

    def test_is_refused_for_another_leaf(self) -> None:
        with pytest.raises(WordRejectedError, match="not where"):
            verify_proof(parse_proof(PROOF), leaf_hash(b"other"), log=LOG)

    @pytest.mark.parametrize(
        "proof",
        [
            "",
            PROOF.replace("@v1", "@v2"),
            PROOF.replace("index 5", "index 05"),
            PROOF.replace("index 5", "index -5"),
            PROOF.replace("index 5\n", ""),
            PROOF.replace("index 5", "extra eA\nindex 5"),
            PROOF.replace("index 5", "extra eA==\nextra eA==\nindex 5"),
            PROOF.replace("vBoG", ""),
            PROOF.replace("index 5\n", "index 5\n" + f"{b64encode(bytes(32)).decode()}\n" * 61),
            PROOF.partition("\n\n")[0] + "\n\n",
            PROOF.replace("\n", "\r\n"),
        ],
    )
    def test_has_one_spelling(self, proof: str) -> None:
        with pytest.raises(WordRejectedError):
            parse_proof(proof)
