"""What a named crawler is and how it stands: values, checked, and as JSON for the store. Pure.

Source: AWS Glue API Reference, Crawlers and classifiers; AWS Glue Developer Guide, Setting crawler configuration
options; read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from kit.base.cron import Cron
from kit.base.errors import KitError, did_you_mean
from kit.catalog.classifiers import Classifier, CsvClassifier, GrokClassifier, JsonPathClassifier, XmlClassifier
from kit.catalog.crawler.exclusions import excluder
from kit.catalog.crawler.options import CrawlOptions, DeleteBehavior, UpdateBehavior

RecrawlBehavior = Literal["CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY", "CRAWL_EVENT_MODE"]
CrawlerState = Literal["READY", "RUNNING"]
RunState = Literal["RUNNING", "COMPLETED", "FAILED", "STOPPED"]
Cause = Literal["ON_DEMAND", "SCHEDULED", "EVENT"]
SHORTEST_GAP = timedelta(minutes=5)
MAX_NAME_CHARACTERS = 255

CustomClassifier = GrokClassifier | CsvClassifier | JsonPathClassifier | XmlClassifier
_KINDS: Mapping[str, type[CustomClassifier]] = {
    "grok": GrokClassifier,
    "csv": CsvClassifier,
    "json": JsonPathClassifier,
    "xml": XmlClassifier,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A folder to crawl. `exclusions` are glob patterns of keys below it; `sample_size` objects of each folder are
    read, all where it is None."""

    uri: str
    exclusions: tuple[str, ...] = ()
    sample_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawler:
    """A crawler as it was defined.

    `classifiers` are names. `schedule` is a cron expression, or empty. `table_level` counts as Glue's
    TableLevelConfiguration does: the bucket is level 1. Raises `InvalidInputException` where something does not hold.
    """

    name: str
    database: str
    targets: tuple[Target, ...]
    description: str = ""
    table_prefix: str = ""
    classifiers: tuple[str, ...] = ()
    schedule: str = ""
    recrawl: RecrawlBehavior = "CRAWL_EVERYTHING"
    update_behavior: UpdateBehavior = "UPDATE_IN_DATABASE"
    delete_behavior: DeleteBehavior = "DEPRECATE_IN_DATABASE"
    combine_schemas: bool = False
    table_level: int | None = None
    table_threshold: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > MAX_NAME_CHARACTERS or not self.name.isprintable():
            raise _invalid(f"{self.name[:80]!r} is not a name for a crawler.", "1 to 255 printable characters.")
        if not self.targets:
            raise _invalid(
                f"The crawler '{self.name}' has no targets.", "Name at least one folder, like s3://lake/raw/."
            )
        if self.recrawl not in get_args(RecrawlBehavior):
            raise _invalid(
                f"{self.recrawl!r} is not a recrawl behavior.", f"One of {', '.join(get_args(RecrawlBehavior))}."
            )
        if self.recrawl == "CRAWL_NEW_FOLDERS_ONLY" and {self.update_behavior, self.delete_behavior} != {"LOG"}:
            raise _invalid(
                "A crawler of new folders only can neither update nor delete what is there.",
                "Set update_behavior and delete_behavior to LOG.",
            )
        if self.schedule and Cron.parse(self.schedule).is_more_frequent_than(SHORTEST_GAP):
            raise _invalid(
                f"The schedule '{self.schedule}' is due more often than every five minutes.", "Leave more time between."
            )
        for target in self.targets:
            excluder(target.exclusions)
            self.options(target, ())

    def options(self, target: Target, classifiers: Sequence[Classifier]) -> CrawlOptions:
        """How one of its targets is crawled."""
        return CrawlOptions(
            table_prefix=self.table_prefix,
            classifiers=tuple(classifiers),
            table_level=self._level_below(target),
            combine_schemas=self.combine_schemas,
            update_behavior=self.update_behavior,
            delete_behavior=self.delete_behavior,
            exclusions=target.exclusions,
            sample_size=target.sample_size,
            table_threshold=self.table_threshold,
            crawler=self.name,
        )

    def _level_below(self, target: Target) -> int | None:
        if self.table_level is None:
            return None
        above = len(target.uri.removeprefix("s3://").strip("/").split("/"))
        if self.table_level < above:
            raise _invalid(
                f"Tables at level {self.table_level} would lie above {target.uri}, which is level {above}.",
                "The bucket is level 1, its folders are level 2.",
            )
        return self.table_level - above


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRun:
    """One run of a crawler. `message` says why it failed; the counts are of tables, partitions and objects."""

    number: int
    state: RunState
    cause: Cause
    started: datetime
    ended: datetime | None = None
    message: str = ""
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: int = 0
    departed: tuple[str, ...] = ()
    partitions_added: int = 0
    objects: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlerStatus:
    """How a crawler stands.

    `next_due` is None without a schedule that is on; `pending_events` wait for its next run.
    """

    crawler: Crawler
    state: CrawlerState
    is_scheduled: bool
    next_due: datetime | None
    last_run: CrawlRun | None
    pending_events: int
    created: datetime
    updated: datetime
    version: int

    @property
    def name(self) -> str:
        return self.crawler.name


def targets_of(given: str | Target | Sequence[str | Target]) -> tuple[Target, ...]:
    """Targets from URIs, targets, or one of either; each is a folder."""
    many = [given] if isinstance(given, (str, Target)) else given
    found = [Target(each) if isinstance(each, str) else each for each in many]
    for target in found:
        if not target.uri.startswith("s3://") or not target.uri.removeprefix("s3://").strip("/"):
            raise _invalid(f"'{target.uri}' is not a target of a crawler.", "Like s3://bucket/folder/.")
    return tuple(
        replace(target, uri=target.uri.rstrip("/") + "/", exclusions=tuple(target.exclusions)) for target in found
    )


def changed(crawler: Crawler, changes: Mapping[str, Any]) -> Crawler:
    """The crawler with some of its fields changed. Raises `InvalidInputException` for a field that there is not."""
    known = {each.name for each in fields(Crawler)} - {"name"}
    unknown = next((name for name in changes if name not in known), None)
    if unknown is not None:
        raise _invalid(f"A crawler has no '{unknown}'.", did_you_mean(unknown, known) or ", ".join(sorted(known)))
    given = dict(changes)
    if "targets" in given:
        given["targets"] = targets_of(given["targets"])
    if "classifiers" in given:
        given["classifiers"] = tuple(given["classifiers"])
    return replace(crawler, **given)


def encode_crawler(crawler: Crawler) -> str:
    return json.dumps(asdict(crawler), separators=(",", ":"))


def decode_crawler(text: str) -> Crawler:
    body: dict[str, Any] = json.loads(text)
    targets = tuple(Target(each["uri"], tuple(each["exclusions"]), each["sample_size"]) for each in body["targets"])
    body |= {"targets": targets, "classifiers": tuple(body["classifiers"])}
    return Crawler(**body)


def encode_run(run: CrawlRun) -> str:
    """Everything but the number."""
    body: dict[str, Any] = {**asdict(run)}
    body.pop("number")
    body |= {"started": run.started.isoformat(), "ended": run.ended.isoformat() if run.ended else None}
    return json.dumps(body, separators=(",", ":"))


def decode_run(number: int, text: str) -> CrawlRun:
    body: dict[str, Any] = json.loads(text)
    body["number"] = number
    body["started"] = datetime.fromisoformat(body["started"])
    body["ended"] = datetime.fromisoformat(body["ended"]) if body["ended"] else None
    body |= {name: tuple(body[name]) for name in ("created", "updated", "departed")}
    return CrawlRun(**body)


def encode_classifier(classifier: CustomClassifier) -> str:
    kind = next(name for name, each in _KINDS.items() if isinstance(classifier, each))
    return json.dumps({"kind": kind, **asdict(classifier)}, separators=(",", ":"))


def decode_classifier(text: str) -> CustomClassifier:
    body: dict[str, Any] = json.loads(text)
    kind = _KINDS[body.pop("kind")]
    if "header" in body:
        body["header"] = tuple(body["header"])
    return kind(**body)


def _invalid(message: str, hint: str) -> KitError:
    return KitError("InvalidInputException", message, hint)
