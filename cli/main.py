"""Joins the commands; each does one thing, calls one function, and imports what only it needs, so that `--help` is there at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.running import Running
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import DEFAULT_BASE

_PROMISE = "Patient data whose every access is decided, noted before it is answered, and provable."
app = typer.Typer(name="serment", help=_PROMISE, no_args_is_help=True)
rules = typer.Typer(help="Detection rules.", no_args_is_help=True)
app.add_typer(rules, name="rules")
console = Console(soft_wrap=True)
Home = Annotated[Path, typer.Option(help="Folder of the installation.")]
_HOME = Path(".serment")


@app.command()
def up(
    home: Home = _HOME,
    port_base: Annotated[int, typer.Option(help="First of the hundred ports that are used.")] = DEFAULT_BASE,
    story: Annotated[bool, typer.Option(help="Play the story once everything is ready.")] = True,
) -> None:
    """Start everything on this machine, load the sample the first time, and play the story. Ctrl-C ends it all; data stays."""
    from cli.up import run_up

    raise typer.Exit(run_up(home, port_base, story=story, console=console))


@app.command()
def token(
    user: Annotated[str, typer.Argument(help="Login of a demo account, such as a.martin.")],
    purpose: Annotated[str | None, typer.Option(help="Only this purpose of use, such as TREAT.")] = None,
    home: Home = _HOME,
) -> None:
    """Print an access token of a demo account, for `curl -H "Authorization: Bearer $(serment token a.martin)"`."""
    print(Running(home).token(user, purpose))


@app.command()
def story(home: Home = _HOME) -> None:
    """Play the story against the running installation, checking each step; exit 1 at the first that fails."""
    from cli.story.telling import tell_story

    raise typer.Exit(tell_story(Running(home), console=console))


@app.command()
def verify(
    entry: Annotated[str | None, typer.Option(help="Prove one entry only: a decision id, as answers carry it in X-Decision-Id.")] = None,
    records: Annotated[bool, typer.Option(help="Compare the stored resources with the ledger, too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    home: Home = _HOME,
) -> None:
    """Verify the ledger: hashes, order, signatures, gaps, and the stored resources. Exit 1 when something does not hold."""
    from services.audit.commands import AuditorCredentials
    from services.audit.commands import verify as verify_ledger

    credentials = AuditorCredentials.model_validate(Running(home).credentials("auditor"))
    raise typer.Exit(verify_ledger(credentials, entry=entry, records=records, as_json=as_json, console=console))


@app.command()
def parked(
    replay: Annotated[str | None, typer.Option(help="Give the messages of this topic to their readers again.")] = None,
    home: Home = _HOME,
) -> None:
    """List messages that a reader could not handle, or replay those of one topic."""
    from cli.parked import list_parked, replay_parked

    raise typer.Exit(replay_parked(Running(home), replay, console=console) if replay else list_parked(Running(home), console=console))


@rules.command("check")
def rules_check(folder: Annotated[Path, typer.Argument(help="Folder of Sigma rules (*.yml).")]) -> None:
    """Say whether the ledger's service would take these rules at its start, and what to mend."""
    from services.audit.commands import check_rules

    raise typer.Exit(check_rules(folder, console=console))


def main() -> None:
    """One sentence instead of a traceback for everything that a person can mend."""
    try:
        app()
    except LauncherError as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold]serment:[/bold] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
