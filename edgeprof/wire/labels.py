"""Labels on the REST API: tags, families and what a change of them moves, and the record of changes."""

from dataclasses import dataclass
from typing import Literal

FamilyAct = Literal["merge", "split", "rename", "move"]
LabelledKind = Literal["device", "model", "family"]


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """One label that a person changed. `before` and `after` are texts; empty: there was, or is, none.

    `field`: `name`, `family`, `variant`, `quantization`, `task`, `parameters`, `tags`; of a family `gates`, `lead set`.
    """

    at_s: float
    """By the hub's clock."""
    kind: LabelledKind
    subject_id: str
    """A device's or a model's id, or a family's name."""
    subject: str
    """Its name then."""
    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FamilyRecord:
    """A family with its variants, in the order of their names."""

    name: str
    model_ids: tuple[str, ...]
    gates: tuple[str, ...]
    """The lines of its gates."""
    is_proposed: bool
    """Whether each of its models is in it by a proposal that nobody has confirmed."""


@dataclass(frozen=True, kw_only=True)
class FamilyChange:
    """Put variants into another family.

    `merge`: all of `family` into `into`, an existing one. `split`: `model_ids` into `into`, a new one. `rename`: all of
    `family`, under the new name `into`. `move`: `model_ids` into `into`, new or not.
    """

    act: FamilyAct
    family: str
    into: str
    model_ids: tuple[str, ...] = ()
    """Of a merge or a rename: those that a dry run named. Refused where the family has others by now; empty: any."""
    copy_gates: bool = False
    """Of a split: give the new family the same gates."""
    dry_run: bool = False
    """Change nothing; answer what would move."""


@dataclass(frozen=True, kw_only=True)
class FamilyEffects:
    """What a change moves, in sentences; `done`: it has been made."""

    change: FamilyChange
    model_ids: tuple[str, ...]
    """Models that get another family."""
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    """Reasons to doubt that the change is meant."""
    done: bool
