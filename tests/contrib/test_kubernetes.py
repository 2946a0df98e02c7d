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
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client import generate_latest
from support import until

from syndicator.cli.lazy_commands import stays
from syndicator.errors import ConfigError
from syndicator.observe.metrics import open_metrics
from syndicator.settings import Settings, load
from syndicator.store.connection import connect
from syndicator.store.embedded import find_server

KUBERNETES = Path(__file__).parents[2] / "contrib" / "kubernetes"
EXAMPLE = KUBERNETES / "overlays" / "example"
SEAL_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()

Document = Mapping[str, Any]

pytestmark = pytest.mark.skipif(shutil.which("kustomize") is None, reason="needs kustomize")


@cache
def built(folder: Path = EXAMPLE) -> tuple[Document, ...]:
    """Return the documents that kustomize makes of a folder."""
    done = subprocess.run(["kustomize", "build", folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


@pytest.fixture
def with_keda(tmp_path: Path) -> tuple[Document, ...]:
    """The example with workers that are scaled by KEDA."""
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    file = tmp_path / "kubernetes/overlays/example/kustomization.yaml"
    text = file.read_text("utf-8")
    assert "# - ../../components/keda" in text
    file.write_text(text.replace("# - ../../components/keda", "- ../../components/keda"), "utf-8")
    return built(file.parent)


def of_kind(documents: tuple[Document, ...], *kinds: str) -> dict[str, Document]:
    return {one["metadata"]["name"]: one for one in documents if one["kind"] in kinds}


def workloads(documents: tuple[Document, ...]) -> dict[str, Document]:
    return of_kind(documents, "Deployment", "StatefulSet")


def pod(workload: Document) -> Document:
    found: Document = workload["spec"]["template"]["spec"]
    return found


def container(workload: Document) -> Document:
    (only,) = pod(workload)["containers"]
    found: Document = only
    return found


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
def test_kubernetes_takes_every_document(version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate")
    for one in built():
        schemas.validate(one, version, strict=True)
    wrong = dict(of_kind(built(), "Service")["syndicator"], spec={"selectr": {}})
    with pytest.raises(schemas.ValidationError):
        schemas.validate(wrong, version, strict=True)


def test_everything_is_in_one_namespace() -> None:
    (namespace,) = of_kind(built(), "Namespace")
    spaced = [one for one in built() if one["kind"] != "Namespace"]
    assert {one["metadata"]["namespace"] for one in spaced} == {namespace}


def test_pods_find_their_volumes_and_what_is_in_them() -> None:
    maps, secrets = of_kind(built(), "ConfigMap"), of_kind(built(), "Secret")
    assert len(workloads(built())) == 3
    for name, workload in workloads(built()).items():
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


def test_services_and_what_leads_to_them_find_their_pods() -> None:
    services = of_kind(built(), "Service")
    for service in services.values():
        (workload,) = chosen(built(), service["spec"]["selector"])
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports(workload)
    (ingress,) = of_kind(built(), "Ingress").values()
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            named = path["backend"]["service"]
            known = services[named["name"]]["spec"]["ports"]
            assert named["port"]["name"] in {one["name"] for one in known}
    stateful = of_kind(built(), "StatefulSet").values()
    assert all(one["spec"]["serviceName"] in services for one in stateful)


def test_selectors_choose_the_pods_that_are_meant() -> None:
    for name, workload in workloads(built()).items():
        labels = workload["spec"]["selector"]["matchLabels"]
        assert chosen(built(), labels) == [workload], name
        for constraint in pod(workload).get("topologySpreadConstraints", ()):
            assert chosen(built(), constraint["labelSelector"]["matchLabels"]) == [workload], name
    for name, budget in of_kind(built(), "PodDisruptionBudget").items():
        (workload,) = chosen(built(), budget["spec"]["selector"]["matchLabels"])
        assert workload["metadata"]["name"] == name
    policies = of_kind(built(), "NetworkPolicy")
    for name, policy in policies.items():
        targets = chosen(built(), policy["spec"]["podSelector"]["matchLabels"])
        assert targets, name
        for rule in policy["spec"].get("ingress", ()):
            named = {one["port"] for one in rule["ports"]}
            assert all(named <= ports(target) for target in targets), name
        for peer in _pod_peers(policy):
            assert chosen(built(), peer), name
    closed = [target for policy in policies.values() if "Ingress" in policy["spec"]["policyTypes"] for target in
              chosen(built(), policy["spec"]["podSelector"]["matchLabels"])]  # fmt: skip
    assert {one["metadata"]["name"] for one in closed} == workloads(built()).keys()


def _pod_peers(policy: Document) -> Iterator[Mapping[str, str]]:
    spec = policy["spec"]
    peers = [peer for rule in spec.get("ingress", ()) for peer in rule.get("from", ())]
    peers += [peer for rule in spec.get("egress", ()) for peer in rule.get("to", ())]
    return (peer["podSelector"]["matchLabels"] for peer in peers if "podSelector" in peer)


def test_pods_have_no_rights_that_they_do_not_need() -> None:
    (namespace,) = of_kind(built(), "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, workload in workloads(built()).items():
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


def test_workers_are_scaled_by_metrics_that_there_are(with_keda: tuple[Document, ...]) -> None:
    (scaled,) = of_kind(with_keda, "ScaledObject").values()
    known = generate_latest(open_metrics().registry).decode()
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["type"] == "prometheus"
        (metric,) = re.findall(r"syndicator_\w+", trigger["metadata"]["query"])
        assert f"# TYPE {metric.removesuffix('_bucket')} " in known
        assert float(trigger["metadata"]["threshold"]) > 0


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
    (name,) = (one for one in of_kind(built(), "ConfigMap") if one.startswith("syndicator-valkey"))
    text = of_kind(built(), "ConfigMap")[name]["data"]["valkey.conf"]
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
