"""What rounds leave in the metrics."""

from pipeline.conftest import OpenService

from syndicator.model.ids import EndpointId, SourceId
from syndicator.model.ops.states import AttemptResult, RoundStatus
from syndicator.pipeline.ops.metrics_reporter import (
    MOST_ENDPOINTS,
    MOST_GROUPS,
    MOST_SOURCES,
    NO_GROUP,
    OTHERS,
)
from syndicator.pipeline.sources.gather_step import SourceReport
from syndicator.pipeline.webhooks.delivery import DeliveryReport
from syndicator.service import Service


def gathered(service: Service, source: str) -> None:
    service.metrics_reporter.report(
        SourceReport(
            step="gather", event="source_gathered", source=SourceId(source), status=RoundStatus.OK, quiet=True
        )
    )


def series(service: Service, name: str) -> dict[str, str]:
    lines = service.metrics.render().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith(f"{name}{{"))


async def test_very_many_sources_share_one_series(service_of: OpenService) -> None:
    async with service_of("") as service:
        for number in (*range(MOST_SOURCES + 20), 3):
            gathered(service, f"portal-{number}")
        counted = series(service, "syndicator_rounds_total")
        timed = series(service, "syndicator_round_seconds_count")
    assert len(counted) == MOST_SOURCES + 1
    assert counted[f'syndicator_rounds_total{{result="ok",source="{OTHERS}"}}'] == "20.0"
    assert counted['syndicator_rounds_total{result="ok",source="portal-3"}'] == "2.0"
    assert timed == {f'syndicator_round_seconds_count{{group="{NO_GROUP}"}}': f"{MOST_SOURCES + 21}.0"}


async def test_rounds_are_timed_by_group_and_very_many_groups_share_one(service_of: OpenService) -> None:
    many = MOST_GROUPS + 5
    config = "".join(
        f'[group.g{number}]\n[source.s{number}]\ntitle = "x"\nkind = "feed"\n'
        f'url = "http://127.0.0.1:9/{number}"\nschedule = {{ every = "1d" }}\ngroup = "g{number}"\n'
        for number in range(many)
    )
    async with service_of(config) as service:
        for number in range(many):
            gathered(service, f"s{number}")
        timed = series(service, "syndicator_lateness_seconds_count")
    assert timed['syndicator_lateness_seconds_count{group="g0"}'] == "1.0"
    assert timed[f'syndicator_lateness_seconds_count{{group="{OTHERS}"}}'] == "5.0"
    assert len(timed) == MOST_GROUPS + 1


async def test_very_many_endpoints_share_one_series(service_of: OpenService) -> None:
    async with service_of("") as service:
        for number in range(MOST_ENDPOINTS + 5):
            service.metrics_reporter.report(
                DeliveryReport(
                    step="deliver",
                    event="delivered",
                    endpoint=EndpointId(f"partner-{number}"),
                    result=AttemptResult.DELIVERED,
                    duration_s=0.1,
                    latency_s=0.2,
                    quiet=True,
                )
            )
        counted = series(service, "syndicator_deliveries_total")
        timed = series(service, "syndicator_delivery_latency_seconds_count")
    assert counted[f'syndicator_deliveries_total{{endpoint="{OTHERS}",result="delivered"}}'] == "5.0"
    assert len(counted) == len(timed) == MOST_ENDPOINTS + 1
