"""What one user of the cluster has set: search path, parameters; and the transaction block that is open, if one is.

Source: Amazon Redshift Database Developer Guide, "Configuration reference", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.warehouse.catalog import PUBLIC, TEMPORARY
from kit.warehouse.system.last import Last
from kit.warehouse.transact.block import Block

# Parameters that a session may set, with their defaults. Those that change nothing here are accepted and remembered.
DEFAULTS: Final[Mapping[str, str]] = {
    "analyze_threshold_percent": "10",
    "application_name": "",
    "auto_analyze": "on",
    "client_encoding": "utf8",
    "datestyle": "ISO, MDY",
    "describe_field_name_in_uppercase": "off",
    "downcase_delimited_identifier": "on",
    "enable_case_sensitive_identifier": "off",
    "enable_numeric_rounding": "on",
    "enable_result_cache_for_session": "on",
    "extra_float_digits": "0",
    "max_cursor_result_set_size": "default",
    "mv_enable_aqmv_for_session": "on",
    "query_group": "default",
    "search_path": '"$user", public',
    "statement_timeout": "0",
    "timezone": "UTC",
    "wlm_query_slot_count": "1",
}


@dataclass(slots=True)
class Session:
    """One user's settings, changed in place by SET. `pid` is its number, `temporary` the schema of its own tables.

    `result_bytes` is how much of an answer is held for it in memory; 0 is what the cluster's settings say.
    """

    values: dict[str, str] = field(default_factory=dict)
    pid: int = 0
    temporary: str = TEMPORARY
    block: Block = field(default_factory=Block)
    last: Last = field(default_factory=Last)
    result_bytes: int = 0

    @property
    def path(self) -> tuple[str, ...]:
        """Schemas in which unqualified names are looked for, in order: first that of its temporary tables."""
        return (self.temporary, *self.schemas)

    @property
    def schemas(self) -> tuple[str, ...]:
        """The search path: where new tables go, the first that exists."""
        names = [part.strip().strip('"') for part in self.get("search_path").split(",")]
        return tuple(name for name in names if name and name not in {"$user", "''"}) or (PUBLIC,)

    @property
    def statement_timeout_ms(self) -> int:
        """How long a statement may run; 0 is for ever."""
        return int(self.get("statement_timeout"))

    @property
    def keeps_case(self) -> bool:
        """Whether quoted names keep their case."""
        return self.get("enable_case_sensitive_identifier") in {"on", "true"}

    def get(self, name: str) -> str:
        known = self.values.get(name, DEFAULTS.get(name))
        if known is None:
            raise KitError("42704", f'unrecognized configuration parameter "{name}"', did_you_mean(name, DEFAULTS))
        return known

    def set(self, name: str, value: str | None) -> None:
        """Change a parameter; None is its default."""
        self.get(name)
        if value is None:
            self.values.pop(name, None)
            return
        if name == "statement_timeout" and not value.isdigit():
            raise KitError("22023", f'invalid value for parameter "{name}": "{value}"', "Milliseconds; 0 is no limit.")
        self.values[name] = value

    def key(self) -> tuple[tuple[str, str], ...]:
        """What of it a compiled plan depends on."""
        names = ("search_path", "timezone", "enable_case_sensitive_identifier")
        return (("temporary", self.temporary), *((name, self.get(name)) for name in names))
