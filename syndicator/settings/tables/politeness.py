"""The table of politeness, and how it becomes a value."""

from typing import Annotated

from pydantic import Field

from syndicator.model.source import Politeness, SourceScope
from syndicator.settings.form import Form


class PolitenessForm(Form):
    """`politeness`: how hard all workers together may lean on a server."""

    scope: SourceScope = Field(
        default=SourceScope.HOST,
        description="Whose budget a request is charged to: that of its `url`, its `host` or its registrable "
        "`domain`. Sources with the same one share it.",
    )
    in_flight: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(
        default=2,
        description="Requests under way at once, over all workers; of one process at most 8 to one host.",
    )
    per_minute: Annotated[float, Field(gt=0, le=6000)] | None = Field(
        default=None, description="Requests begun in a minute, evenly spread. Left out: no limit."
    )
    robots: bool = Field(
        default=True, strict=True, description="Whether robots.txt is heeded before pages are read."
    )

    def value(self) -> Politeness:
        """Return the policy."""
        return Politeness(
            scope=self.scope, max_in_flight=self.in_flight, per_minute=self.per_minute, robots=self.robots
        )
