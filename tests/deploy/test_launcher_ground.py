"""Proves what the launcher stands on: its home, its ports, and the tools it fetches."""

import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from deploy.local.home import claim_home
from deploy.local.kafka_jars import ensure_kafka_jars
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import find_free_ports
from deploy.local.tools import Tools, ensure_tools

ROOT = Path(__file__).parents[2]
PORTAL = "http://127.0.0.1:8400"
SMALL_JAR = "jspecify-1.0.0.jar"


@pytest.fixture(scope="module")
def tools() -> Tools:
    return ensure_tools(ROOT, print)


class TestClaimHome:
    def test_refuses_a_second_launcher_and_names_the_first(self, tmp_path: Path) -> None:
        first = claim_home(tmp_path / "home", portal=PORTAL, say=print)

        with pytest.raises(LauncherError, match=rf"already running here \(process {os.getpid()}, portal at {PORTAL}\)\."):
            claim_home(tmp_path / "home", portal="http://127.0.0.1:9400", say=print)

        first.release()
        claim_home(tmp_path / "home", portal=PORTAL, say=print).release()

    def test_sets_a_half_written_home_aside(self, tmp_path: Path) -> None:
        said: list[str] = []
        home = claim_home(tmp_path / "home", portal=PORTAL, say=said.append)
        half = home.secret("kafka-admin")
        home.release()

        again = claim_home(tmp_path / "home", portal=PORTAL, say=said.append)

        assert len(said) == 1
        assert "begun anew" in said[0]
        assert again.secret("kafka-admin") != half
        assert (again.path / "set-aside" / "secrets" / "kafka-admin").read_text() == half
        again.release()

    def test_refuses_a_home_that_lost_a_part(self, tmp_path: Path) -> None:
        home = claim_home(tmp_path / "home", portal=PORTAL, say=print)
        home.write("kafka/formatted", "")
        home.secret("kafka-admin")
        home.mark_installed()
        home.release()
        shutil.rmtree(home.path / "kafka")

        for _ in range(2):
            with pytest.raises(LauncherError, match=r"home lost kafka/formatted: put it back from a copy, or move the whole folder away"):
                claim_home(tmp_path / "home", portal=PORTAL, say=print)

    def test_touches_nothing_once_the_installation_was_completed(self, tmp_path: Path) -> None:
        said: list[str] = []
        home = claim_home(tmp_path / "home", portal=PORTAL, say=said.append)
        kept = home.secret("kafka-admin")
        home.mark_installed()
        home.release()

        again = claim_home(tmp_path / "home", portal=PORTAL, say=said.append)

        assert again.secret("kafka-admin") == kept
        assert not said
        again.release()

    def test_refuses_a_folder_that_is_not_ours(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")

        with pytest.raises(LauncherError, match="--home"):
            claim_home(tmp_path, portal=PORTAL, say=print)

        assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


class TestPorts:
    def test_are_found_free_below_those_the_kernel_gives_away(self) -> None:
        layout = find_free_ports().by_name()

        assert len(set(layout.values())) == len(layout)
        assert max(layout.values()) < 30_000

    def test_tell_which_one_is_taken(self) -> None:
        ports = find_free_ports()
        with (
            socket.create_server(("127.0.0.1", ports.broker(1))),
            pytest.raises(LauncherError, match=f"Port {ports.broker(1)}, meant for kafka-1"),
        ):
            ports.require_free()


class TestEnsureTools:
    def test_is_quick_when_all_is_there(self, tools: Tools) -> None:
        tools.kafka.result()
        started = time.monotonic()

        ensure_tools(ROOT, pytest.fail).kafka.result()

        assert time.monotonic() - started < 0.6

    def test_fetches_a_broken_jar_again_and_no_other(self, tools: Tools, tmp_path: Path) -> None:
        said: list[str] = []
        sound = tools.kafka.result().jars
        folder = tmp_path / "kafka"
        folder.mkdir()
        for jar in sound:
            os.link(jar, folder / jar.name) if jar.name != SMALL_JAR else (folder / jar.name).write_bytes(jar.read_bytes()[:100])

        jars = ensure_kafka_jars(folder, Path(tools.mongodb[0]), said.append)

        assert said == ["Some of Kafka's jars are broken or missing: fetching those again…"]
        assert [jar.read_bytes() for jar in jars if jar.name == SMALL_JAR] == [jar.read_bytes() for jar in sound if jar.name == SMALL_JAR]
        assert all(jar.samefile(other) for jar, other in zip(jars, sound, strict=True) if jar.name != SMALL_JAR)
