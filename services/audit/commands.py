"""The commands of `audit`, which need no running service: `verify` with an auditor's credentials, and `rules check`."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from services.audit.checkpoint import Checkpoint, Ed25519Verifier, TlogProof, WordRejectedError, format_vkey
from services.audit.model import LOGGED_TOPICS, Log
from services.audit.reading.prove_entry import UnprovableError
from services.audit.reading.read_log import NotInLedgerError
from services.audit.verifying.report import Report
from services.audit.verifying.verify_ledger import Scope, Trusted, open_evidence, prove_note, verify_ledger
from services.audit.verifying.walk import Evidence
from shared.keyring import Keyring
from shared.mongo import Mongo, MongoError, open_mongo
from shared.vault import Vault, VaultUnavailableError


class AuditorCredentials(BaseModel):
    """Where the ledger is, whose key must have signed it, and a login that reads and opens nothing but ledger entries."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    group: str
    public_key: str
    mongodb_uri: str
    database: str
    keyring_database: str
    kek: str
    records: dict[str, str]
    vault_address: str
    vault_role_id: str
    vault_secret_id_file: Path

    def log(self, topic: str) -> Log:
        return Log(self.group, topic)

    def vkey(self, topic: str) -> str:
        return format_vkey(Ed25519Verifier(self.log(topic).origin, base64.b64decode(self.public_key)))


@asynccontextmanager
async def open_ledger(credentials: AuditorCredentials) -> AsyncIterator[tuple[Evidence, Mongo]]:
    mongo = open_mongo(credentials.mongodb_uri)
    vault = Vault(credentials.vault_address, role_id=credentials.vault_role_id, secret_id_file=credentials.vault_secret_id_file)
    try:
        await vault.open()
        keyring = Keyring(mongo.database(credentials.keyring_database), vault=vault, kek=credentials.kek, site=credentials.group)
        yield open_evidence(mongo, mongo.database(credentials.database), keyring=keyring, group=credentials.group), mongo
    finally:
        await vault.close()
        await mongo.close()


async def verify_all(credentials: AuditorCredentials, *, records: bool = True) -> Report:
    async with open_ledger(credentials) as (evidence, mongo):
        logs = {credentials.log(topic): Trusted(credentials.vkey(topic)) for topic in LOGGED_TOPICS}
        databases = {site: mongo.database(name) for site, name in credentials.records.items()} if records else {}
        return await verify_ledger(Scope(logs, databases), evidence=evidence)


async def prove(credentials: AuditorCredentials, note: str) -> tuple[str, TlogProof, Checkpoint]:
    """The topic whose log holds the note, and the verified proof. Raises NotInLedgerError."""
    async with open_ledger(credentials) as (evidence, _mongo):
        for topic in LOGGED_TOPICS:
            try:
                proof, checkpoint = await prove_note(note, log=credentials.log(topic), vkey=credentials.vkey(topic), evidence=evidence)
            except NotInLedgerError:
                continue
            return topic, proof, checkpoint
    raise NotInLedgerError


def verify(credentials: AuditorCredentials, *, entry: str | None, records: bool, as_json: bool, console: Console) -> int:
    """Prints what was found; the exit code is 0 when everything holds, 1 when something does not, 2 when it could not look."""
    try:
        if entry:
            return _verify_entry(credentials, entry, console)
        report = asyncio.run(verify_all(credentials, records=records))
    except (VaultUnavailableError, MongoError) as error:
        console.print(f"The ledger could not be read ({type(error).__name__}): is Serment running? Start it with `make run`.")
        return 2
    _print_json(report, console) if as_json else _print(report, console)
    return 0 if report.ok else 1


def _verify_entry(credentials: AuditorCredentials, note: str, console: Console) -> int:
    try:
        topic, proof, checkpoint = asyncio.run(prove(credentials, note))
    except NotInLedgerError:
        console.print("No signed entry of that id is in the ledger. It may be on its way: try again in a few seconds.")
        return 1
    except (WordRejectedError, UnprovableError):
        console.print("The entry is there, and its proof does NOT hold: the store was changed after it was signed.")
        return 1
    console.print(f"Entry {proof.index} of {topic}: its bytes are under the signed checkpoint of size {checkpoint.size}. The proof holds.")
    return 0


def _print(report: Report, console: Console) -> None:
    counted = ", ".join(f"{count} {name}" for name, count in sorted(report.counts.items()))
    console.print(f"Looked at: {counted or 'nothing'}.")
    for finding in report.findings:
        console.print(
            f"{finding.severity}: {finding.rule} in {finding.where}: {json.dumps(dict(finding.evidence), default=str)}", highlight=False
        )
    console.print("Everything holds." if report.ok else f"{report.failures} failures: keep this output and call the privacy officer.")


def _print_json(report: Report, console: Console) -> None:
    findings = [{"severity": one.severity, "rule": one.rule, "where": one.where, "evidence": dict(one.evidence)} for one in report.findings]
    console.print_json(
        json.dumps({"ok": report.ok, "counts": dict(report.counts), "rules": dict(report.rules), "findings": findings}, default=str)
    )


def check_rules(folder: Path, *, console: Console) -> int:
    """0 when every rule would be taken beside those that are shipped, 1 otherwise; says what to mend, in the terminal's language."""
    from services.audit.detecting.load_rules import SHIPPED, load_rules
    from services.audit.detecting.refused_rule import RulesRefusedError

    language = "fr" if (os.environ.get("LC_ALL") or os.environ.get("LANG", "")).startswith("fr") else "en"
    beside = () if folder.resolve() == SHIPPED else (SHIPPED,)
    try:
        book = load_rules(*beside, folder)
    except RulesRefusedError as error:
        for one in error.refused:
            console.print(one.said(language), highlight=False, markup=False)
        return 1
    names = ", ".join(sorted(label.name for label in book.labels))
    console.print(f"Règles en vigueur : {names}." if language == "fr" else f"Rules in force: {names}.", highlight=False, markup=False)
    return 0
