"""contrib/kubernetes: manifests that Kubernetes takes, whose parts find each other, and that start the program."""

import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from contrib.manifests import (
    KUBERNETES,
    Document,
    StartedPod,
    anti_affinity,
    built,
    config_map,
    container,
    of_kind,
    pod,
    workloads,
)
from prometheus_client import generate_latest
from redis_processes import free_port
from support import until

from syndicator.cli.lazy_commands import stays
from syndicator.errors import ConfigError, StoreError
from syndicator.observe.metrics import open_metrics
from syndicator.settings import Settings, load
from syndicator.store.connection import connect
from syndicator.store.embedded import find_server

SEAL_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()

pytestmark = pytest.mark.skipif(shutil.which("kustomize") is None, reason="needs kustomize")


@pytest.fixture
def with_keda() -> tuple[Document, ...]:
    """The example with workers that are scaled by KEDA."""
    return built("keda")


@pytest.fixture(params=[(), ("sentinel",), ("cluster",)], ids=["example", "sentinel", "cluster"])
def documents(request: pytest.FixtureRequest) -> tuple[Document, ...]:
    """The example, with one Valkey, with three that sentinels watch, and with six of a cluster."""
    return built(*request.param)


def ports(workload: Document) -> set[str]:
    return {one["name"] for one in container(workload)["ports"]}


def chosen(documents: tuple[Document, ...], labels: Mapping[str, str]) -> list[Document]:
    """Return the workloads whose pods have these labels."""
    return [
        one
        for one in workloads(documents).values()
        if labels.items() <= one["spec"]["template"]["metadata"]["labels"].items()
    ]


@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_kubernetes_takes_every_document(documents: tuple[Document, ...], version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate")
    for one in documents:
        schemas.validate(one, version, strict=True)
    wrong = dict(of_kind(documents, "Service")["syndicator"], spec={"selectr": {}})
    with pytest.raises(schemas.ValidationError):
        schemas.validate(wrong, version, strict=True)


def test_everything_is_in_one_namespace(documents: tuple[Document, ...]) -> None:
    (namespace,) = of_kind(documents, "Namespace")
    spaced = [one for one in documents if one["kind"] != "Namespace"]
    assert {one["metadata"]["namespace"] for one in spaced} == {namespace}


def test_pods_find_their_volumes_and_what_is_in_them(documents: tuple[Document, ...]) -> None:
    maps, secrets = of_kind(documents, "ConfigMap"), of_kind(documents, "Secret")
    assert len(workloads(documents)) in {3, 4}
    for name, workload in workloads(documents).items():
        volumes = {one["name"]: one for one in pod(workload)["volumes"]}
        claims = {one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", ())}
        mounted = {one["name"] for one in container(workload)["volumeMounts"]}
        assert mounted == volumes.keys() | claims, name
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in maps, name
            if "secret" in volume:
                keys = secrets[volume["secret"]["secretName"]]["stringData"]
                assert {one["key"] for one in volume["secret"]["items"]} <= keys.keys(), name


def test_services_and_what_leads_to_them_find_their_pods(documents: tuple[Document, ...]) -> None:
    services = of_kind(documents, "Service")
    for service in services.values():
        (workload,) = chosen(documents, service["spec"]["selector"])
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports(workload)
    (ingress,) = of_kind(documents, "Ingress").values()
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            named = path["backend"]["service"]
            known = services[named["name"]]["spec"]["ports"]
            assert named["port"]["name"] in {one["name"] for one in known}
    stateful = of_kind(documents, "StatefulSet").values()
    assert all(one["spec"]["serviceName"] in services for one in stateful)


def test_selectors_choose_the_pods_that_are_meant(documents: tuple[Document, ...]) -> None:
    for name, workload in workloads(documents).items():
        labels = workload["spec"]["selector"]["matchLabels"]
        assert chosen(documents, labels) == [workload], name
        for constraint in pod(workload).get("topologySpreadConstraints", ()):
            assert chosen(documents, constraint["labelSelector"]["matchLabels"]) == [workload], name
        for term in anti_affinity(workload):
            assert chosen(documents, term["labelSelector"]["matchLabels"]) == [workload], name
    for name, budget in of_kind(documents, "PodDisruptionBudget").items():
        (workload,) = chosen(documents, budget["spec"]["selector"]["matchLabels"])
        assert workload["metadata"]["name"] == name
    policies = of_kind(documents, "NetworkPolicy")
    for name, policy in policies.items():
        targets = chosen(documents, policy["spec"]["podSelector"]["matchLabels"])
        assert targets, name
        for rule in policy["spec"].get("ingress", ()):
            named = {one["port"] for one in rule["ports"]}
            assert all(named <= ports(target) for target in targets), name
        for peer in _pod_peers(policy):
            assert chosen(documents, peer), name
    closed = [target for policy in policies.values() if "Ingress" in policy["spec"]["policyTypes"] for target in
              chosen(documents, policy["spec"]["podSelector"]["matchLabels"])]  # fmt: skip
    assert {one["metadata"]["name"] for one in closed} == workloads(documents).keys()


def _pod_peers(policy: Document) -> Iterator[Mapping[str, str]]:
    spec = policy["spec"]
    peers = [peer for rule in spec.get("ingress", ()) for peer in rule.get("from", ())]
    peers += [peer for rule in spec.get("egress", ()) for peer in rule.get("to", ())]
    return (peer["podSelector"]["matchLabels"] for peer in peers if "podSelector" in peer)


def test_pods_have_no_rights_that_they_do_not_need(documents: tuple[Document, ...]) -> None:
    (namespace,) = of_kind(documents, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, workload in workloads(documents).items():
        own = container(workload)["securityContext"]
        assert pod(workload)["securityContext"]["runAsNonRoot"] is True, name
        assert pod(workload)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert pod(workload)["automountServiceAccountToken"] is False
        assert "memory" in container(workload)["resources"]["limits"]


def test_what_scales_is_scaled_by_one_thing(with_keda: tuple[Document, ...]) -> None:
    deployments, scaled = of_kind(with_keda, "Deployment"), []
    for one in of_kind(with_keda, "HorizontalPodAutoscaler", "ScaledObject").values():
        target = one["spec"]["scaleTargetRef"]["name"]
        assert "replicas" not in deployments[target]["spec"], "two would set it"
        scaled.append(target)
    assert sorted(scaled) == sorted(deployments)
    fixed = of_kind(built(), "Deployment")["syndicator-workers"]
    assert fixed["spec"]["replicas"] == 2


_COUNT = {"type": "integer", "minimum": 0}
_SCALED_OBJECT = {
    "required": ["scaleTargetRef", "triggers"],
    "properties": {
        "scaleTargetRef": {"required": ["name"], "properties": {"name": {"type": "string"}}},
        "pollingInterval": _COUNT,
        "cooldownPeriod": _COUNT,
        "minReplicaCount": _COUNT,
        "maxReplicaCount": _COUNT,
        "fallback": {
            "required": ["failureThreshold", "replicas"],
            "properties": {"failureThreshold": _COUNT, "replicas": _COUNT},
        },
        "triggers": {
            "items": {
                "required": ["type", "metadata"],
                "properties": {
                    "type": {"const": "prometheus"},
                    "metricType": {"enum": ["AverageValue", "Value"]},
                    "metadata": {
                        "required": ["serverAddress", "query", "threshold"],
                        "properties": {
                            one: {"type": "string"} for one in ("serverAddress", "query", "threshold")
                        },
                    },
                },
            }
        },
    },
}
"""What we use of https://keda.sh/docs/latest/reference/scaledobject-spec/ and of its scaler for Prometheus.

KEDA takes nothing but text in `metadata`, and Kubernetes drops fields that the schema does not name.
"""


def _closed(schema: Any) -> Any:
    """Return a schema that refuses all fields but those that it names."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(one) for name, one in schema.items()}
    named = isinstance(closed.get("properties"), dict)
    return {**closed, "type": "object", "additionalProperties": False} if named else closed


def test_keda_knows_each_field_of_the_scaled_object(with_keda: tuple[Document, ...]) -> None:
    (scaled,) = of_kind(with_keda, "ScaledObject").values()
    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    schema, spec = _closed(_SCALED_OBJECT), scaled["spec"]
    jsonschema.validate(spec, schema)
    assert spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
    (first, *_) = spec["triggers"]
    number = {**first, "metadata": {**first["metadata"], "threshold": 60}}
    for wrong in ({"maxReplicas": 8}, {"triggers": [number]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**spec, **wrong}, schema)


def test_workers_are_scaled_by_metrics_that_there_are(with_keda: tuple[Document, ...]) -> None:
    (scaled,) = of_kind(with_keda, "ScaledObject").values()
    known = generate_latest(open_metrics().registry).decode()
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["type"] == "prometheus"
        metrics = re.findall(r"syndicator_\w+", trigger["metadata"]["query"])
        assert metrics
        for metric in metrics:
            assert f"# TYPE {metric.removesuffix('_bucket')} " in known
        assert float(trigger["metadata"]["threshold"]) > 0


_ON_TWO = """
      - {{ series: '{name}{{{labels},instance="a:1"}}', values: '{value}x5' }}
      - {{ series: '{name}{{{labels},instance="b:2"}}', values: '{value}x5' }}"""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_workers_are_scaled_by_the_oldest_delivery_that_a_worker_can_send(
    with_keda: tuple[Document, ...], tmp_path: Path
) -> None:
    (scaled,) = of_kind(with_keda, "ScaledObject").values()
    queries = [one["metadata"]["query"] for one in scaled["spec"]["triggers"]]
    (query,) = [one for one in queries if "delivery_oldest_due" in one]
    age, standing = "syndicator_delivery_oldest_due_seconds", "syndicator_endpoint_standing"
    series = [(age, 'endpoint="quick"', 90), (standing, 'endpoint="quick",standing="active"', 1)]
    for at_rest in ("failing", "disabled", "paused", "unverified", "unreadable", "orphaned"):
        series += [(age, f'endpoint="{at_rest}"', 9000)]
        series += [(standing, f'endpoint="{at_rest}",standing="{at_rest}"', 1)]
    told = "".join(_ON_TWO.format(name=name, labels=labels, value=value) for name, labels, value in series)
    (tmp_path / "rules.yml").write_text("groups: []\n")
    (tmp_path / "test.yml").write_text(
        f"rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:{told}\n"
        f"    promql_expr_test:\n      - expr: >-\n          {query}\n        eval_time: 3m\n"
        "        exp_samples: [{ labels: '{}', value: 90 }]\n"
    )
    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def mounted(folder: Path, name: str) -> Path:
    """Lay a ConfigMap out as in a pod: links to a folder that is replaced as a whole."""
    data = folder / "..2026_12_02_00_00_00.1"
    data.mkdir(parents=True)
    (folder / "..data").symlink_to(data.name)
    for file, content in of_kind(built(), "ConfigMap")[name]["data"].items():
        (data / file).write_text(content, "utf-8")
        (folder / file).symlink_to(f"..data/{file}")
    return folder


def environment(workload: Document, folder: Path, **secrets: str) -> dict[str, str]:
    """Return the environment of a pod, whose secrets are files in a folder."""
    values = {one["name"]: one["value"] for one in container(workload)["env"]}
    folder.mkdir()
    for name, value in values.items():
        if name.endswith("_FILE"):
            file = folder / Path(value).name
            file.write_text(secrets[file.name], "utf-8")
            values[name] = str(file)
    return values


def read(tmp_path: Path, workload: Document, **secrets: str) -> Settings:
    return load(
        mounted(tmp_path / "config", "syndicator-config"), environment(workload, tmp_path / "s", **secrets)
    )


@pytest.mark.parametrize("name", ["syndicator-server", "syndicator-workers"])
def test_the_configuration_of_a_pod_is_valid_and_its_example_of_a_secret_is_not(
    tmp_path: Path, name: str
) -> None:
    workload = workloads(built())[name]
    example = dict(of_kind(built(), "Secret")["syndicator"]["stringData"])
    with pytest.raises(ConfigError, match="seal_key_file"):
        read(tmp_path / "example", workload, **example)
    settings = read(tmp_path / "own", workload, **(example | {"seal.key": SEAL_KEY}))
    host, _, port = str(settings.store.redis_url).rpartition("@")[2].partition("/")[0].partition(":")
    service = of_kind(built(), "Service")[host]
    assert int(port) in {one["port"] for one in service["spec"]["ports"]}
    assert settings.server.ops_host == "0.0.0.0"  # noqa: S104
    ingress = of_kind(built(), "Ingress")["syndicator"]["spec"]
    assert settings.site.public_url == f"https://{ingress['rules'][0]['host']}"
    assert "password" not in str(example)


@pytest.mark.parametrize("name", ["syndicator-server", "syndicator-workers"])
async def test_the_probes_of_a_pod_are_answered(tmp_path: Path, redis_url: str, name: str) -> None:
    workload = workloads(built())[name]
    config = mounted(tmp_path / "config", "syndicator-config")
    sources = config / "sources.toml"
    sources.write_text(sources.read_text("utf-8").replace("www.antaranews.com", "127.0.0.1"), "utf-8")
    own = {
        "SYNDICATOR__STORE__DATA_DIR": str(tmp_path / "data"),
        "SYNDICATOR__STORE__NAMESPACE": f"test-{name}",
        "SYNDICATOR__SERVER__PORT": "0",
        "SYNDICATOR__SERVER__OPS_PORT": "0",
    }
    secrets = {"redis-url": redis_url, "seal.key": SEAL_KEY}
    command = container(workload)["args"]
    assert stays(command[-1])
    log = tmp_path / "log"
    with log.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syndicator", "--config", config, *command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=err,
            env={**os.environ, **environment(workload, tmp_path / "s", **secrets), **own},
        )  # fmt: skip
    try:
        await until(lambda: '"event":"ready"' in log.read_text("utf-8") or process.returncode is not None)
        assert process.returncode is None, log.read_text("utf-8")
        (ready,) = (line for line in log.read_text("utf-8").splitlines() if '"event":"ready"' in line)
        numbers = {
            "http": re.search(r'"listening":"http://[^"]*:(\d+)"', ready),
            "ops": re.search(r'"operators":"[^"]*:(\d+)"', ready),
        }
        async with aiohttp.ClientSession() as session:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                asked = container(workload)[probe]["httpGet"]
                found = numbers[asked["port"]]
                assert found, ready
                # The kubelet asks at the address of the pod.
                url, headers = f"http://127.0.0.1:{found[1]}{asked['path']}", {"Host": "10.42.0.7:1"}
                async with session.get(url, headers=headers) as answer:
                    assert answer.status == 200, (probe, await answer.text())
        process.terminate()
        assert await process.wait() == 0, log.read_text("utf-8")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_valkey_takes_its_configuration(tmp_path: Path) -> None:
    text = config_map(built(), "syndicator-valkey")["valkey.conf"]
    (tmp_path / "auth.conf").write_text("requirepass s3cret\n", "ascii")
    (tmp_path / "data").mkdir()
    own = {
        "/run/secrets/valkey/valkey-auth.conf": tmp_path / "auth.conf",
        "dir /data": f"dir {tmp_path / 'data'}",
    }
    for shipped, mine in own.items():
        assert shipped in text
        text = text.replace(shipped, str(mine))
    (tmp_path / "valkey.conf").write_text(text, "utf-8")
    short = Path(tempfile.mkdtemp())  # the path of a socket has 108 bytes at most
    socket = short / "valkey.sock"
    process = await asyncio.create_subprocess_exec(
        find_server(None), tmp_path / "valkey.conf", "--port", "0", "--unixsocket", socket,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: socket.exists() or process.returncode is not None)
        async with connect(f"unix://:s3cret@{socket}", anchor="x") as connection:
            for key, value in (("appendonly", b"yes"), ("maxmemory-policy", b"noeviction")):
                assert (await connection.call("CONFIG", "GET", key))[1] == value
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(short)


def test_each_valkey_and_each_sentinel_is_on_a_node_of_its_own() -> None:
    documents = built("sentinel")
    budgets = of_kind(documents, "PodDisruptionBudget")
    for name, workload in of_kind(documents, "StatefulSet").items():
        assert workload["spec"]["replicas"] == 3
        assert [term["topologyKey"] for term in anti_affinity(workload)] == ["kubernetes.io/hostname"]
        assert workload["spec"]["volumeClaimTemplates"], "what a sentinel chose is known after a restart"
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        assert {"livenessProbe", "readinessProbe"} <= container(workload).keys()


def test_the_url_names_each_sentinel_as_it_announces_itself() -> None:
    documents = built("sentinel")
    text = (KUBERNETES / "overlays/example/secret.yaml").read_text("utf-8")
    (url,) = re.findall(r"# redis-url: (sentinel://\S+)", text)
    places = url.rpartition("@")[2].partition("/")[0].split(",")
    sentinel = of_kind(documents, "StatefulSet")["syndicator-sentinel"]
    (announced,) = (one["value"] for one in container(sentinel)["env"] if one["name"] == "ANNOUNCE")
    pods = [f"syndicator-sentinel-{number}" for number in range(sentinel["spec"]["replicas"])]
    assert places == [f"{announced.replace('$(POD)', one)}:26379" for one in pods]
    conf = config_map(documents, "syndicator-sentinel")["sentinel.conf"]
    assert f"monitor {url.rpartition('/')[2]} " in conf


FIRST = "127.0.0.11"
PLACES = (FIRST, "127.0.0.12", "127.0.0.13")


async def test_another_valkey_takes_over_and_the_former_primary_comes_back_as_a_replica(
    tmp_path: Path,
) -> None:
    valkey_port, sentinel_port = free_port(), free_port()

    def pod_at(place: str, script: str, port: int) -> StartedPod:
        replaced = {
            "syndicator-valkey-0.syndicator-valkey": FIRST,
            " 6379": f" {valkey_port}",
            "port 26379": f"port {sentinel_port}",
            "appendonly yes": f"appendonly yes\nport {port}",
            "hostnames yes": f"hostnames yes\nbind {place}",
            "min-replicas-max-lag 10": f"min-replicas-max-lag 10\nbind {place}",
            "kabar 5000": "kabar 2000",
            "kabar 10000": "kabar 3000",
        }
        return StartedPod(
            tmp_path / f"{script}-{place}",
            "sentinel",
            script,
            environment={"ANNOUNCE": place, "FIRST": FIRST},
            replaced=replaced,
        )

    servers = {one: pod_at(one, "start-valkey.sh", valkey_port) for one in PLACES}
    sentinels = [pod_at(one, "start-sentinel.sh", sentinel_port) for one in PLACES]
    url = f"sentinel://:s3cret@{','.join(f'{one}:{sentinel_port}' for one in PLACES)}/kabar"
    for one in (*servers.values(), *sentinels):
        one.start()

    async def written(value: str) -> bytes | None:
        """Write, and return who took it; None while the group takes no writes."""
        try:
            async with connect(url, anchor="x") as connection:
                await connection.call("SET", "a", value)
                role = await connection.call("ROLE")
                return str(len(role[2])).encode() if await connection.call("GET", "a") else None
        except StoreError:
            return None

    try:
        await until(lambda: written("1"), lambda replicas: replicas == b"2")
        # They ask the primary for its replicas every ten seconds, and choose among those that they know.
        await until(lambda: all(one.data("sentinel.conf").count("known-replica") == 2 for one in sentinels))
        servers[FIRST].kill()
        await until(lambda: written("2"))
        servers[FIRST].start()
        await until(lambda: written("3"), lambda replicas: replicas == b"2")
        async with connect(f"redis://:s3cret@{FIRST}:{valkey_port}/0", anchor="x") as former:
            assert (await former.call("ROLE"))[0] == b"slave"
    finally:
        for one in (*servers.values(), *sentinels):
            one.kill()
