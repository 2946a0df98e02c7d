"""The part of the key table that holds what operators do while the service runs."""


class ControlKeys:
    """Keys of what operators changed, behind the prefix of a namespace."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def audit(self) -> str:
        """STREAM: `entry` (msgpack: `who`, `what`, `name`, `before`, `after`), each change by an operator.

        Kept: the newest 10 000. Written by: commands, API, changed configuration.
        """
        return self._prefix + "audit"
