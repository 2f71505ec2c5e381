"""Starts everything on this machine, tells people where it is, plays the story, and waits."""

import signal
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.running import Running
from cli.story.telling import tell_story
from deploy.local.home import claim_home
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import Ports
from deploy.local.sample.seed import load_seed
from deploy.local.stack import Shape, Stack, start_stack


def run_up(home_path: Path, port_base: int, *, story: bool, console: Console) -> int:
    """0 after Ctrl-C; 1 when something that people can mend is in the way, or a process died."""
    started = time.monotonic()

    def say(sentence: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {sentence}", highlight=False)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ports = Ports(port_base)
    stack: Stack | None = None
    try:
        home = claim_home(home_path, portal=ports.url("portal"), say=say)
        stack = start_stack(home, ports, shape=Shape(traced=True), say=say)
        say(f"Ready. {stack.resident_bytes() / 1e6:.0f} MB resident in {len(list(stack.servers.children))} processes.")
        _introduce(stack, console)
        if story and tell_story(Running(home.path), console=console) == 0:
            console.print("The story holds. Play it again with `serment story`, check the ledger with `serment verify`.")
        console.print("Ctrl-C ends everything; the data stays.")
        return _watch(stack)
    except LauncherError as error:
        console.print(f"[bold]serment:[/bold] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nEnding every process.")
        return 0
    finally:
        if stack:
            stack.stop()


def _introduce(stack: Stack, console: Console) -> None:
    addresses = Table("address", "what", box=None)
    addresses.add_row(stack.ports.url("portal"), "portal: sign in and watch accesses as they are noted")
    for instance, site in (("nord-a", "nord, replica a"), ("nord-b", "nord, replica b"), ("sud", "sud")):
        addresses.add_row(f"{stack.ports.url(instance)}/fhir", f"FHIR R4 base of {site}")
    addresses.add_row(stack.ports.url("audit"), "ledger: checkpoint, tiles, proofs")
    for name, what in (("consent", "what patients said"), ("notifier", "cases, reviews, inbox"), ("governance", "staff and training")):
        addresses.add_row(stack.ports.url(name), f"{name}: {what}")
    accounts = Table("login", "password", "who", box=None)
    accounts.columns[1].no_wrap = True
    accounts.columns[1].overflow = "fold"
    for account in load_seed().accounts:
        password = stack.home.secret(f"account-{account.login}")
        accounts.add_row(account.login, password, f"{account.profession}, {account.site}: {account.name}")
    console.print(addresses, accounts, f"Accounts are kept in {stack.home.path / 'accounts.json'}, addresses in stack.json beside it.")


def _watch(stack: Stack) -> int:
    """Until Ctrl-C, or until a process dies."""
    while True:
        time.sleep(1)
        dead = stack.servers.children.dead()
        if dead:
            raise LauncherError(dead[0].obituary())
