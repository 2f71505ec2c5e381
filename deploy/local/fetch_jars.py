"""Runs inside the servers' own environment: fetches the jars named in a lock, or writes that lock anew.

`python fetch_jars.py fetch LOCK FOLDER` leaves in FOLDER the jars of LOCK, each checked, and prints a line for each one.
`python fetch_jars.py lock LOCK` resolves the two roots below and writes their closure with the hash of each jar.
"""

import hashlib
import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from jgo.maven import MavenContext  # type: ignore[import-not-found]  # only the servers' environment has it

ROOTS = ("org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36")
HEADER = "# The jars of Apache Kafka and their SHA-256, written by `fetch_jars.py lock`; coordinates only, no addresses.\n"
AT_ONCE = 16


def fetch(lock: Path, folder: Path) -> None:
    """Jars already in the folder with the right hash are kept, so that an interrupted fetch goes on where it stood."""
    wanted = tomllib.loads(lock.read_text())["dependencies"]
    repository = folder / ".repository"
    shutil.rmtree(repository, ignore_errors=True)
    repository.mkdir(parents=True)
    maven = MavenContext(repo_cache=repository, timeout=30)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jars = [pool.submit(fetch_one, maven, jar, folder) for jar in wanted]
        try:
            for done in as_completed(jars):
                print(done.result(), flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    shutil.rmtree(repository)


def fetch_one(maven: MavenContext, jar: dict[str, str], folder: Path) -> str:
    name = f"{jar['artifactId']}-{jar['version']}.jar"
    kept = folder / name
    if kept.exists() and sha256(kept) == jar["sha256"]:
        return name
    fetched = Path(maven.project(jar["groupId"], jar["artifactId"]).at_version(jar["version"]).artifact().resolve())
    if sha256(fetched) != jar["sha256"]:
        raise SystemExit(f"{name} does not have the SHA-256 that the lock states")
    shutil.move(fetched, kept)
    return name


def write_lock(lock: Path) -> None:
    with tempfile.TemporaryDirectory() as repository:
        maven = MavenContext(repo_cache=Path(repository), timeout=30)
        lock.write_text(HEADER + "\n".join(locked(maven)))


def locked(maven: MavenContext) -> Iterator[str]:
    roots, others = maven.resolver.resolve([maven.create_dependency(f"{root}:compile") for root in ROOTS])
    needed = [*roots, *(each for each in others if each.scope in {"compile", "runtime"})]
    artifacts = {(each.groupId, each.artifactId, each.version) for each in needed}
    for group, artifact, version in sorted(artifacts):
        digest = sha256(Path(maven.project(group, artifact).at_version(version).artifact().resolve()))
        values = {"groupId": group, "artifactId": artifact, "version": version, "sha256": digest}
        yield "\n[[dependencies]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    if sys.argv[1] == "lock":
        write_lock(Path(sys.argv[2]))
    else:
        fetch(Path(sys.argv[2]), Path(sys.argv[3]))
