"""The part of the key table that holds what operators decide: the configuration, and what they changed."""


class ControlKeys:
    """Keys of the configuration and of what operators changed, behind the prefix of a namespace."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def audit(self) -> str:
        """STREAM: `entry` (msgpack: `who`, `what`, `name`, `before`, `after`), each change by an operator.
        Kept: the newest 10 000. Written by: commands, API, changed configuration.
        """
        return self._prefix + "audit"

    def configured(self) -> str:
        """HASH: `source:ID`, `feed:ID` or `endpoint:ID` → when a process last had it configured, ms.
        Kept: a week after the last process; then all that belongs to the name goes. Written by: start, sweep.
        """
        return self._prefix + "configured"

    def configuration(self) -> str:
        """HASH: `version` that all processes run, `digest` of its shared tables, `changed_ms` of its files,
        `published_ms`, `by` whom, `files` (msgpack, compressed, sealed).
        Kept: for ever. Written by: start, reload, changes over the API.
        """
        return self._prefix + "configuration"

    def configuration_added(self) -> str:
        """HASH: `source:ID`, `feed:ID` or `group:ID` → msgpack `AddedTable`, sealed: what stands in no file.
        Kept: until removed. Written by: changes over the API and the command line.
        """
        return self._prefix + "configuration:added"

    def configuration_processes(self) -> str:
        """HASH: `HOST:PID` → msgpack `ProcessNote`: which version a process runs, and why no newer one.
        Kept: 30 s after the process last said so. Written by: every process that stays, each 5 s.
        """
        return self._prefix + "configuration:processes"

    def pauses(self) -> str:
        """HASH: `source:ID`, `group:NAME`, `tag:NAME` or `all` → msgpack `Pause`: since and until when, why.
        Kept: until it is lifted; an ended one until the next change. Written by: pause, resume.
        """
        return self._prefix + "pauses"
