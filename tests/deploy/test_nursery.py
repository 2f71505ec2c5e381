"""Proves that a forked service lives, ends and is seen as any other child of the launcher, on real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.child import Program
from deploy.local.children import Children
from deploy.local.launcher_error import LauncherError
from deploy.local.nursery import PRELOADED, Nursery
from tests.deploy.test_launcher_children import ROOT, eventually, is_running

MODULE = """
import os, sys, time
print(sys.argv[1:], os.environ.get("OWN"), "aiokafka" in sys.modules, __name__)
if sys.argv[1] == "end": raise SystemExit(3)
if sys.argv[1] == "fail": raise RuntimeError("no such key")
time.sleep(60)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a module lies that is not one of ours."""
    made = tmp_path_factory.mktemp("nursery")
    (made / "a_service.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(made))
        yield made


@pytest.fixture(scope="module")
def children(folder: Path) -> Iterator[Children]:
    kept = Children(Nursery(folder / "nursery.log"))
    yield kept
    kept.stop_all(patience=0.2)


def service(folder: Path, *arguments: str, name: str) -> Program:
    return Program(name, arguments, folder / f"{name}.log", env={"OWN": name}, module="a_service")


class TestAForkedService:
    def test_runs_as_if_started_alone_with_what_it_needs_imported(self, folder: Path, children: Children) -> None:
        child = children.start(service(folder, "wait", name="one"))
        child.until(lambda: bool(child.tail()), within=20)

        assert child.tail() == ["['wait'] one True __main__"]
        assert os.getsid(child.pid) == child.pid

    def test_sees_nothing_of_the_others(self, folder: Path, children: Children) -> None:
        first = children.start(service(folder, "wait", name="first"))
        second = children.start(service(folder, "wait", name="second"))
        first.until(lambda: bool(first.tail()), within=20)
        second.until(lambda: bool(second.tail()), within=20)

        descriptors = [str(one.readlink()) for one in Path(f"/proc/{second.pid}/fd").iterdir()]
        environment = Path(f"/proc/{second.pid}/environ").read_bytes()

        assert second.tail() == ["['wait'] second True __main__"]
        assert not any(one.startswith("socket:") or one.endswith("first.log") for one in descriptors)
        assert b"OWN=" not in environment

    @pytest.mark.parametrize(
        ("argument", "code", "line"), [("end", 3, "['end'] end True __main__"), ("fail", 1, "RuntimeError: no such key")]
    )
    def test_leaves_its_exit_code_and_last_words(self, folder: Path, children: Children, argument: str, code: int, line: str) -> None:
        child = children.start(service(folder, argument, name=argument))

        with pytest.raises(LauncherError, match=f"{argument} ended with code {code}"):
            child.until(lambda: False, within=20)

        assert child.tail()[-1] == line
        assert child in children.dead()

    def test_is_killed_and_started_again(self, folder: Path, children: Children) -> None:
        first = children.start(service(folder, "wait", name="again"))
        first.kill()

        second = children.start_again("again")

        assert first.exit_code == -signal.SIGKILL
        assert second.alive
        second.terminate()
        assert second.gone_within(20)
        assert second.exit_code == -signal.SIGTERM

    def test_dies_with_the_launcher(self, folder: Path) -> None:
        script = (
            "import sys, time; from pathlib import Path\n"
            "from deploy.local.child import Program; from deploy.local.children import Children\n"
            "from deploy.local.nursery import Nursery\n"
            "home = Path(sys.argv[1]); children = Children(Nursery(home / 'nursery.log'))\n"
            "child = children.start(Program('one', ['wait'], home / 'one.log', module='a_service'))\n"
            "child.until(lambda: bool(child.tail()), within=20)\n"
            "print(child.pid, flush=True); time.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as launcher:
            assert launcher.stdout is not None
            pid = int(launcher.stdout.readline())
            assert is_running(pid)

            launcher.kill()

        assert eventually(lambda: not is_running(pid))

    def test_is_not_promised_by_a_nursery_that_ended(self, folder: Path) -> None:
        nursery = Nursery(folder / "nursery.log")
        nursery.close()

        with pytest.raises(LauncherError, match=r"its log is .*nursery\.log"):
            nursery.fork("a_service", [], env={}, log=folder / "one.log")


def test_nothing_of_ours_is_imported_beforehand() -> None:
    assert not [name for name in PRELOADED if name.split(".")[0] in {"services", "shared", "cli", "deploy"}]
