"""Writes and reads the ledger's signed words: C2SP notes, checkpoints and proofs."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.merkle import EMPTY_ROOT, HASH_SIZE, verify_inclusion

ED25519 = b"\x01"
MOST_SIGNATURES = 100
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_KEY_ID_SIZE, _KEY_SIZE, _MOST_HASHES = 4, 32, 63
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)")
_SIGNATURE = re.compile(r"— (\S+) (\S+)")
_CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,17})\n([^\n]+)\n")
_PROOF = re.compile(re.escape(PROOF_HEADER) + r"\n(?:extra ([^\n]*)\n)?index (0|[1-9][0-9]{0,17})\n((?:[^\n]+\n)*)\n(.+)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class WordRejectedError(ValueError):
    """A key, note, checkpoint or proof is malformed, or not signed by whom it must be."""


class Verifier(Protocol):
    """Who may sign a note; a cosignature of another type is another class of this shape."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verifies(self, text: str, signature: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name) or len(self.public_key) != _KEY_SIZE:
            raise WordRejectedError("a key needs a plain name and 32 bytes")

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:_KEY_ID_SIZE]

    def verifies(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"— {self.name} {_written(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """The text of a note at least one known key signed, and what those keys signed; the rest is not evidence."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{_written(self.root)}\n"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """`extra` is signed by nobody."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        extra = "" if self.extra is None else f"extra {_written(self.extra)}\n"
        hashes = "".join(f"{_written(each)}\n" for each in self.hashes)
        return f"{PROOF_HEADER}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint}"


def parse_vkey(text: str) -> Ed25519Verifier:
    found = _matched(_VKEY, text, "a verifier key")
    key = _read(found[3])
    verifier = Ed25519Verifier(found[1], key[1:])
    if key[:1] != ED25519 or verifier.key_id.hex() != found[2]:
        raise WordRejectedError("the key is of another type, or its id is not its own")
    return verifier


def format_vkey(verifier: Ed25519Verifier) -> str:
    return f"{verifier.name}+{verifier.key_id.hex()}+{_written(ED25519 + verifier.public_key)}"


def make_note(text: str, signatures: Iterable[Signature]) -> str:
    return f"{text}\n" + "".join(each.line() for each in signatures)


def parse_note(note: str) -> tuple[str, list[Signature]]:
    """The text and every signature, none of them checked."""
    text, parting, lines = note.rpartition("\n\n")
    if not parting or not lines.endswith("\n") or lines.count("\n") > MOST_SIGNATURES or _CONTROL.search(note):
        raise WordRejectedError("not a signed note")
    return f"{text}\n", [_signature(line) for line in lines[:-1].split("\n")]


def open_note(note: str, verifiers: Iterable[Verifier]) -> OpenedNote:
    """Unknown keys are passed over; one known key whose signature fails, or no known key at all, rejects the whole."""
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    text, signatures = parse_note(note)
    counted = tuple(each for each in signatures if (each.name, each.key_id) in known)
    if not counted:
        raise WordRejectedError("no known key signed this note")
    if not all(known[each.name, each.key_id].verifies(text, each.signature) for each in counted):
        raise WordRejectedError("a known key did not sign this note")
    return OpenedNote(text, counted)


def parse_checkpoint(body: str) -> Checkpoint:
    """Three lines and no extension: the group's logs write none."""
    found = _matched(_CHECKPOINT, body, "a checkpoint")
    checkpoint = Checkpoint(found[1], int(found[2]), _read(found[3]))
    if not _is_name(checkpoint.origin) or len(checkpoint.root) != HASH_SIZE:
        raise WordRejectedError("a checkpoint needs a plain origin and a root of 32 bytes")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise WordRejectedError("an empty log has one root only")
    return checkpoint


def open_checkpoint(note: str, *, log: Verifier, others: Iterable[Verifier] = ()) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """The log itself must have signed, under its origin; the signatures of others that are known come along."""
    opened = open_note(note, [*others, log])
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != log.name or log.key_id not in {each.key_id for each in opened.signatures if each.name == log.name}:
        raise WordRejectedError("the log did not sign this checkpoint")
    return checkpoint, opened.signatures


def parse_proof(text: str) -> TlogProof:
    found = _matched(_PROOF, text, "a proof")
    hashes = tuple(_read(line) for line in found[3].split("\n")[:-1])
    if len(hashes) > _MOST_HASHES or any(len(each) != HASH_SIZE for each in hashes):
        raise WordRejectedError("a proof has at most 63 hashes of 32 bytes")
    return TlogProof(int(found[2]), hashes, found[4], None if found[1] is None else _read(found[1]))


def verify_proof(proof: TlogProof, leaf: bytes, *, log: Verifier, others: Iterable[Verifier] = ()) -> Checkpoint:
    """The checkpoint under which the leaf of this hash stands at the proof's index."""
    checkpoint, _ = open_checkpoint(proof.checkpoint, log=log, others=others)
    if not verify_inclusion(leaf, proof.hashes, index=proof.index, size=checkpoint.size, root=checkpoint.root):
        raise WordRejectedError("the leaf is not where the proof says")
    return checkpoint


def _signature(line: str) -> Signature:
    found = _matched(_SIGNATURE, line, "a signature line")
    blob = _read(found[2])
    if not _is_name(found[1]) or len(blob) <= _KEY_ID_SIZE:
        raise WordRejectedError("not a signature line")
    return Signature(found[1], blob[:_KEY_ID_SIZE], blob[_KEY_ID_SIZE:])


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not _CONTROL.search(text) and not any(each.isspace() for each in text)


def _matched(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    if (found := pattern.fullmatch(text)) is None:
        raise WordRejectedError(f"not {what}")
    return found


def _written(value: bytes) -> str:
    return b64encode(value).decode()


def _read(text: str) -> bytes:
    """Base64 in its one true spelling."""
    try:
        value = b64decode(text, validate=True)
    except ValueError:
        value = b""
    if _written(value) != text:
        raise WordRejectedError("not base64")
    return value
