"""Classifiers: what recognises the format of an object and reads its schema. One module a format."""

from kit.catalog.classifiers.classifier import Classification, Classifier, Field, Refusal, Sample, Shape, classify
from kit.catalog.classifiers.delimited import CsvClassifier
from kit.catalog.classifiers.json_lines import JsonClassifier
from kit.catalog.classifiers.parquet import ParquetClassifier

BUILT_IN: tuple[Classifier, ...] = (ParquetClassifier(), JsonClassifier(), CsvClassifier())

__all__ = [
    "BUILT_IN",
    "Classification",
    "Classifier",
    "CsvClassifier",
    "Field",
    "JsonClassifier",
    "ParquetClassifier",
    "Refusal",
    "Sample",
    "Shape",
    "classify",
]
