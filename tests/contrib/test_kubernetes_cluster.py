"""contrib/kubernetes/components/cluster: six pods form a cluster, and find each other at other addresses, too."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from contrib.manifests import KUBERNETES, StartedPod, anti_affinity, built, container, of_kind
from redis.crc import key_slot
from redis_processes import free_port
from support import until

from syndicator.errors import StoreError
from syndicator.store.connection import connect
from syndicator.store.keys.table import Keys

PODS = range(6)
KEY = Keys("kota").meta()
NAME = "127.0.0.2{}"
"""What stands for the name of a pod: it stays. Its address follows from how often it was started."""

has_kustomize = pytest.mark.skipif(shutil.which("kustomize") is None, reason="needs kustomize")
has_cli = pytest.mark.skipif(
    shutil.which("valkey-cli") is None and os.environ.get("SYNDICATOR_TEST_TOOLS") != "required",
    reason="needs valkey-cli",
)
pytestmark = has_kustomize


def test_each_valkey_is_on_a_node_of_its_own() -> None:
    documents = built("cluster")
    valkey = of_kind(documents, "StatefulSet")["syndicator-valkey"]
    assert valkey["spec"]["replicas"] == len(PODS)
    assert [term["topologyKey"] for term in anti_affinity(valkey)] == ["kubernetes.io/hostname"]
    assert of_kind(documents, "PodDisruptionBudget")["syndicator-valkey"]["spec"]["maxUnavailable"] == 1
    assert container(valkey)["readinessProbe"].keys() & {"exec", "tcpSocket"} == {"exec"}


def test_the_url_names_nodes_as_they_announce_themselves() -> None:
    text = (KUBERNETES / "overlays/example/secret.yaml").read_text("utf-8")
    (url,) = re.findall(r"# redis-url: (cluster://\S+)", text)
    valkey = of_kind(built("cluster"), "StatefulSet")["syndicator-valkey"]
    values = {one["name"]: one.get("value") for one in container(valkey)["env"]}
    pods = [f"{values['NAME']}-{number}.{values['SERVICE']}:6379" for number in range(3)]
    assert url.rpartition("@")[2].split(",") == pods
    assert values["SERVICE"] == valkey["spec"]["serviceName"]


class Pods:
    """The pods of the component; each start gives other addresses."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._started = 2
        self.all = [
            StartedPod(
                folder / f"pod{number}",
                "cluster",
                "start-valkey.sh",
                environment={"POD": f"syndicator-valkey-{number}"},
                replaced={
                    "$NAME-$1.$SERVICE": NAME.format("$1"),
                    "$POD.$SERVICE": NAME.format(number),
                    "6379": str(self.port),
                    "cluster-enabled yes": f"cluster-enabled yes\nport {self.port}\n"
                    f"repl-diskless-sync-delay 0",
                    "cluster-node-timeout 5000": "cluster-node-timeout 2000",
                    '"cluster-announce-ip $ADDRESS"': '"cluster-announce-ip $ADDRESS" '
                    f'"bind $ADDRESS {NAME.format(number)}"',
                    "valkey-cli -p": f"valkey-cli -h {NAME.format(number)} -p",
                    "sleep 5": "sleep 1",
                },
            )
            for number in PODS
        ]  # fmt: skip

    @property
    def url(self) -> str:
        places = ",".join(f"{NAME.format(number)}:{self.port}" for number in PODS[:3])
        return f"cluster://:s3cret@{places}"

    def start(self) -> None:
        """Start those that do not run, at addresses that none has had."""
        self._started += 1
        for number, one in enumerate(self.all):
            if not one.runs:
                one.start(ADDRESS=f"127.0.{self._started}.{number + 1}")

    def kill(self, *numbers: int) -> None:
        for number in numbers:
            self.all[number].kill()

    async def ask(self, number: int, *words: str) -> bytes:
        """Ask a node, by its name; return nothing while it does not answer."""
        try:
            async with connect(f"redis://:s3cret@{NAME.format(number)}:{self.port}/0", anchor="x") as node:
                answer: bytes = await node.call(*words)
                return answer
        except StoreError:
            return b""

    async def write(self, value: str) -> bool:
        try:
            async with connect(self.url, anchor=KEY) as connection:
                await connection.call("SET", KEY, value)
                return bool(await connection.call("GET", KEY) == value.encode())
        except StoreError:
            return False

    async def ready(self) -> None:
        """Wait until the probe of each pod says so."""

        async def are() -> bool:
            return all([await one.probe("ready.sh") for one in self.all])

        await until(are)


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[Pods]:
    started = Pods(tmp_path)
    try:
        started.start()
        yield started
    finally:
        started.kill(*PODS)


@has_cli
@pytest.mark.slow
async def test_pods_form_a_cluster_that_survives_the_loss_of_a_node_and_of_all_addresses(pods: Pods) -> None:
    await pods.ready()
    assert await pods.write("1")
    (owner,) = [number for number in PODS[:3] if key_slot(KEY.encode()) in await _slots(pods, number)]
    pods.kill(owner)
    await until(lambda: pods.write("2"))
    pods.start()
    await pods.ready()
    pods.kill(*PODS)
    pods.start()
    await pods.ready()
    async with connect(pods.url, anchor=KEY) as connection:
        assert await connection.call("GET", KEY) == b"2"


async def _slots(pods: Pods, number: int) -> range:
    """Return the slots of a primary of a cluster that was just formed."""
    lines = (await pods.ask(number, "CLUSTER", "NODES")).decode().splitlines()
    first, last = next(line for line in lines if "myself" in line).split()[8].split("-")
    return range(int(first), int(last) + 1)
