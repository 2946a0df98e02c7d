"""The reference of all metrics in `docs/metrics.md`, made from the metrics themselves."""

from dataclasses import fields

from syndicator.observe.metrics import open_metrics

_INTRODUCTION = """\
# Metrics

At `http://127.0.0.1:8089/metrics` (`[server] ops_port`), for Prometheus, on loopback, without a token.
Beside these, the usual ones of the process and of Python's garbage collector. Each process counts for itself.
What is due, waiting or dead is shared by all: see `syndicator stats` and the status page. The label `source`
tells apart the first 1,000 sources that a process gathers; all further ones have `(others)` there.

| metric | kind | labels | what it tells |
| --- | --- | --- | --- |
"""


def metric_reference() -> str:
    """Return the whole page."""
    metrics = open_metrics()
    rows = []
    for field in fields(metrics):
        if field.name != "registry":
            metric = getattr(metrics, field.name)
            (described,) = metric.describe()
            name = f"{described.name}_total" if described.type == "counter" else described.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001  no public way
            rows.append(f"| `{name}` | {described.type} | {labels} | {described.documentation} |\n")
    return _INTRODUCTION + "".join(rows)
