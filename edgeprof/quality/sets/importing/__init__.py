"""Importers: a person's own data in a usual form becomes an evaluation set."""

from edgeprof.quality.sets.importing.base import ImportRequest
from edgeprof.quality.sets.importing.table import FORMS, import_set

__all__ = ["FORMS", "ImportRequest", "import_set"]
