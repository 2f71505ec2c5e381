"""Tells the story: each step is tried, checked and printed; the first that fails ends it."""

import time
from collections.abc import Callable, Sequence

import httpx
from rich.console import Console

from cli.running import Running
from cli.story.checking import StepFailedError
from cli.story.scene import PATIENCE, Scene, open_scene
from cli.story.steps import STEPS
from deploy.local.launcher_error import LauncherError
from services.audit.reading.read_log import NotInLedgerError
from shared.mongo import MongoError
from shared.vault import VaultUnavailableError

Step = tuple[str, Callable[[Scene], str]]
_BROKEN = (StepFailedError, LauncherError, httpx.TransportError, MongoError, VaultUnavailableError, NotInLedgerError)


def tell_story(running: Running, *, console: Console, steps: Sequence[Step] = STEPS, patience: float = PATIENCE) -> int:
    """0 when every step holds, 1 otherwise; repeatable, because each telling takes patients of its own."""
    try:
        scene = open_scene(running, patience=patience)
    except LauncherError as error:
        console.print(f"[bold]The story cannot begin.[/bold] {error}", highlight=False)
        return 1
    try:
        return 0 if all(_holds(number, step, scene, console) for number, step in enumerate(steps, 1)) else 1
    finally:
        scene.http.close()


def _holds(number: int, step: Step, scene: Scene, console: Console) -> bool:
    title, tell = step
    started = time.monotonic()
    try:
        told = tell(scene)
    except _BROKEN as error:
        console.print(f"[red]✗ {number}. {title}[/red]\n     {error or type(error).__name__}", highlight=False)
        return False
    took = f"[dim]{time.monotonic() - started:.1f} s[/dim]"
    console.print(f"[green]✓[/green] [bold]{number}. {title}[/bold] {took}\n     {told}", highlight=False)
    return True
