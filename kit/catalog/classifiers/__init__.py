"""Classifiers: what recognises the format of an object and reads its schema. One module a format."""

from kit.catalog.classifiers.avro import AvroClassifier
from kit.catalog.classifiers.classifier import Classification, Classifier, Field, Refusal, Sample, Shape, classify
from kit.catalog.classifiers.delimited import CsvClassifier
from kit.catalog.classifiers.foreign import BsonClassifier, IonClassifier
from kit.catalog.classifiers.grok import GrokClassifier
from kit.catalog.classifiers.json_lines import JsonClassifier
from kit.catalog.classifiers.json_path import JsonPathClassifier
from kit.catalog.classifiers.logs import (
    APACHE,
    COMBINED_APACHE,
    LINUX_KERNEL,
    REDIS,
    REDIS_MONITOR,
    RUBY_LOGGER,
    SQUID,
    SYSLOG,
)
from kit.catalog.classifiers.microsoft_log import MicrosoftLogClassifier
from kit.catalog.classifiers.orc import OrcClassifier
from kit.catalog.classifiers.parquet import ParquetClassifier
from kit.catalog.classifiers.xml import XmlClassifier

BUILT_IN: tuple[Classifier, ...] = (
    AvroClassifier(),
    OrcClassifier(),
    ParquetClassifier(),
    JsonClassifier(),
    BsonClassifier(),
    XmlClassifier(),
    IonClassifier(),
    COMBINED_APACHE,
    APACHE,
    LINUX_KERNEL,
    MicrosoftLogClassifier(),
    RUBY_LOGGER,
    SQUID,
    REDIS_MONITOR,
    REDIS,
    SYSLOG,
    CsvClassifier(),
)
"""The built-in classifiers in the order in which they are asked, which is Glue's."""

__all__ = [
    "BUILT_IN",
    "AvroClassifier",
    "BsonClassifier",
    "Classification",
    "Classifier",
    "CsvClassifier",
    "Field",
    "GrokClassifier",
    "IonClassifier",
    "JsonClassifier",
    "JsonPathClassifier",
    "MicrosoftLogClassifier",
    "OrcClassifier",
    "ParquetClassifier",
    "Refusal",
    "Sample",
    "Shape",
    "XmlClassifier",
    "classify",
]
