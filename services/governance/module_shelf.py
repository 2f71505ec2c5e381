"""Keeps the training modules: data files, all checked at start, so that a wrong one never waits for its first reader."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter

from services.governance.refusals import ModuleUnknownError
from services.governance.training_module import TrainingModule
from services.governance.validated_files import UnfitFileError, read_validated
from shared.vocabulary import Profession

FOLDER = Path(__file__).parent / "modules"
_MODULE = TypeAdapter(TrainingModule)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*").fullmatch


class ModuleShelf:
    """Every module by its id."""

    def __init__(self, modules: Mapping[str, TrainingModule]) -> None:
        self._modules = dict(modules)

    def fetch(self, ident: str) -> TrainingModule:
        """Raises ModuleUnknownError."""
        if ident not in self._modules:
            raise ModuleUnknownError
        return self._modules[ident]

    def title(self, ident: str, language: str) -> str:
        """The id itself, of a duty whose module is on no shelf any more."""
        return self._modules[ident].title.in_language(language) if ident in self._modules else ident

    def required(self, profession: Profession) -> dict[str, timedelta]:
        """How long each module of the profession lasts once passed."""
        return {ident: module.lasts for ident, module in self._modules.items() if profession in module.professions}


def load_modules(folder: Path = FOLDER) -> ModuleShelf:
    """Raises UnfitFileError for the first file that is not a module, or when there is none at all."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UnfitFileError(f"The folder of training modules {folder} holds no .json file.")
    return ModuleShelf({_named(file): read_validated(_MODULE, file, what="training module") for file in files})


def _named(file: Path) -> str:
    if not _NAME(file.stem):
        raise UnfitFileError(f"The training module {file} must be named by small letters, digits and hyphens.")
    return file.stem
