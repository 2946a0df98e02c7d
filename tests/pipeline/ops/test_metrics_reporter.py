"""What rounds leave in the metrics."""

from pipeline.conftest import OpenService

from syndicator.model.ids import SourceId
from syndicator.pipeline.ops.metrics_reporter import MOST_SOURCES, OTHERS
from syndicator.pipeline.sources.gather_step import SourceReport


async def test_very_many_sources_share_one_series(service_of: OpenService) -> None:
    async with service_of("") as service:
        for number in (*range(MOST_SOURCES + 20), 3):
            service.metrics_reporter.report(
                SourceReport(
                    step="gather",
                    event="source_gathered",
                    source=SourceId(f"portal-{number}"),
                    status="ok",
                    quiet=True,
                )
            )
        lines = service.metrics.render().decode().splitlines()
    counted = dict(line.split(" ") for line in lines if line.startswith("syndicator_rounds_total{"))
    assert len(counted) == MOST_SOURCES + 1
    assert counted[f'syndicator_rounds_total{{result="ok",source="{OTHERS}"}}'] == "20.0"
    assert counted['syndicator_rounds_total{result="ok",source="portal-3"}'] == "2.0"
    assert sum(line.startswith("syndicator_round_seconds_count{") for line in lines) == MOST_SOURCES + 1
