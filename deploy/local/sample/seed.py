"""Says who works where in the demo, and which made-up patients each site has."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.vocabulary import Profession

SAMPLE = Path(__file__).parent
BUNDLES = SAMPLE / "bundles"
FIRST_FILES = ("00-hospitals.json.gz", "01-practitioners.json.gz")

Token = Annotated[str, Field(pattern=r"^[^|\s]+\|[^|\s]+$", description="a FHIR identifier as `system|value`")]
FileName = Annotated[str, Field(pattern=r"^patient-[0-9a-f-]{36}\.json\.gz$")]


class SeedPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Unit(SeedPart):
    """An Encounter whose serviceProvider is one of `organizations` belongs to the unit."""

    id: str
    name: str
    organizations: tuple[Token, ...]


class Site(SeedPart):
    """`charts` are loaded when the demo starts; the story takes `story_charts` one after another, in their order.

    With `tells_names` its patients are told by name who of its staff looked.
    """

    id: str
    name: str
    tells_names: bool
    units: tuple[Unit, ...]
    charts: tuple[FileName, ...]
    story_charts: tuple[FileName, ...]


class Account(SeedPart):
    """Clinicians have a `unit` and a `practitioner` of the data; patients have a `chart`; the others have none of them.

    `workstation` is the one where they sign in, as an issuer in a hospital would know it.
    """

    login: str
    name: str
    profession: Profession
    site: str
    purposes: tuple[str, ...]
    unit: str | None = None
    workstation: str | None = None
    practitioner: Token | None = None
    chart: FileName | None = None


class Seed(SeedPart):
    sites: tuple[Site, ...]
    accounts: tuple[Account, ...]

    def site(self, site_id: str) -> Site:
        return next(site for site in self.sites if site.id == site_id)

    def account(self, login: str) -> Account:
        return next(account for account in self.accounts if account.login == login)

    def unit(self, unit_id: str) -> Unit:
        return next(unit for site in self.sites for unit in site.units if unit.id == unit_id)


def load_seed(path: Path = SAMPLE / "seed.json") -> Seed:
    return Seed.model_validate_json(path.read_bytes())
