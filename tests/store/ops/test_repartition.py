"""Keys of endpoints: each of them is known to what spreads them anew."""

import inspect

from syndicator.store.keys.deliveries import DeliveryKeys
from syndicator.store.keys.table import Keys
from syndicator.store.ops.hub_repartition import HUB_OF_HOSTS, HUB_OF_PARTITIONS
from syndicator.store.ops.repartition import OF_ENDPOINTS, OF_PARTITIONS


def taking(name: str) -> set[str]:
    """Return the keys of all tables that take an argument."""
    return {
        method.__name__
        for table in Keys.__mro__[:-1]
        for method in vars(table).values()
        if inspect.isfunction(method) and name in inspect.signature(method).parameters
    }


def test_all_keys_of_endpoints_and_partitions_are_spread() -> None:
    assert {key.__name__ for key in OF_ENDPOINTS} == taking("endpoint")
    of_partitions = {*OF_PARTITIONS, *HUB_OF_PARTITIONS}
    assert {key.__name__ for key in of_partitions} == taking("partition")
    of_hosts = {name for name in taking("host") if name.startswith("hub_")}
    assert {key.__name__ for key in HUB_OF_HOSTS} == of_hosts


def test_no_other_key_begins_like_one_of_an_endpoint() -> None:
    kinds = {key(Keys("x"), "") for key in OF_ENDPOINTS}  # type: ignore[arg-type]
    others = {
        method(Keys("x"), *([_Any("")] * (len(inspect.signature(method).parameters) - 1)))
        for table in Keys.__mro__[:-1]
        for method in vars(table).values()
        if inspect.isfunction(method)
        and not method.__name__.startswith("_")
        and method.__name__ not in {"partition", *taking("endpoint"), *taking("partition")}
    }
    assert len(others) > 80
    assert not [other for other in others for kind in kinds if other.startswith(kind)]


class _Any(str):
    """A text that also stands for a member of an enumeration, or a number."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


def test_a_table_of_deliveries_has_no_key_of_another_shape() -> None:
    spread = {key.__name__ for key in (*OF_ENDPOINTS, *OF_PARTITIONS)}
    assert spread < {name for name, value in vars(DeliveryKeys).items() if inspect.isfunction(value)}
