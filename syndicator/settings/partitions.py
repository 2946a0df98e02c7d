"""`[store.partitions]`: how data is spread over nodes of a cluster."""

from typing import Annotated

from pydantic import Field

from syndicator.settings.form import Form


class PartitionsSection(Form):
    """`[store.partitions]`: over how many slots of a Redis Cluster data is spread."""

    endpoints: Annotated[int, Field(strict=True, ge=1, le=64)] = Field(
        default=1,
        description="Over how many partitions the queues of endpoints are spread: nodes of a cluster share "
        "the work of deliveries. Data keeps its number until a [back-up is restored]"
        "(howto/scaling.md#change-the-number-of-partitions) with another one.",
    )
    texts: Annotated[int, Field(strict=True, ge=1, le=64)] = Field(
        default=1,
        description="Over how many partitions the texts of articles are spread: nodes of a cluster share "
        "their memory. Data keeps its number, as that of `endpoints`.",
    )
    hub: Annotated[int, Field(strict=True, ge=1, le=64)] = Field(
        default=1,
        description="Over how many partitions subscribers of the hub are spread, by the host of their "
        "callback: nodes of a cluster share the work of notifications. It is changed as `endpoints` is.",
    )
