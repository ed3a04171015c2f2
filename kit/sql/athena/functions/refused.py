"""Functions that Athena has and that are not answered here, each with the reason or the way around.

And the names under which users of other systems look for what Athena calls otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refused:
    """`hint` says what to use instead; it may be empty."""

    hint: str = ""


_SKETCH: Final = Refused("Sketches are not kept: use approx_distinct or approx_percentile.")
_GEOSPATIAL: Final = Refused("Geospatial functions are not supported.")
_HASH: Final = Refused("md5, sha1 and sha256 are supported.")
_STATISTICS: Final = Refused("This distribution function is not supported.")

REFUSED: Final[dict[str, Refused]] = {
    **dict.fromkeys(
        (
            *("approx_set", "merge", "empty_approx_set", "qdigest_agg", "value_at_quantile", "values_at_quantiles"),
            *(
                "tdigest_agg",
                "quantile_at_value",
                "make_set_digest",
                "merge_set_digest",
                "hash_counts",
                "jaccard_index",
            ),
            *("intersection_cardinality", "theta_sketch_cardinality", "theta_sketch_union", "numeric_histogram"),
        ),
        _SKETCH,
    ),
    **dict.fromkeys(
        (
            *("st_area", "st_asbinary", "st_astext", "st_boundary", "st_buffer", "st_centroid", "st_contains"),
            *("st_convexhull", "st_crosses", "st_difference", "st_disjoint", "st_distance", "st_envelope", "st_equals"),
            *("st_geometryfromtext", "st_geometry_from_text", "st_intersection", "st_intersects", "st_isvalid"),
            *("st_length", "st_linestring", "st_overlaps", "st_point", "st_polygon", "st_touches", "st_union"),
            *("st_within", "st_x", "st_y", "great_circle_distance", "to_spherical_geography", "bing_tile"),
            *("bing_tile_at", "geometry_union_agg", "convex_hull_agg", "to_geometry", "from_geojson_geometry"),
        ),
        _GEOSPATIAL,
    ),
    **dict.fromkeys(
        (
            *("checksum", "crc32", "xxhash64", "murmur3", "spooky_hash_v2_32", "spooky_hash_v2_64", "sha512"),
            *("hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha512"),
        ),
        _HASH,
    ),
    **dict.fromkeys(
        (
            *("beta_cdf", "inverse_beta_cdf", "normal_cdf", "inverse_normal_cdf", "t_cdf", "t_pdf"),
            *("cosine_distance", "entropy"),
        ),
        _STATISTICS,
    ),
    **dict.fromkeys(("classify", "features", "regress", "learn_classifier", "learn_regressor"), Refused()),
    **dict.fromkeys(("bar", "color", "render", "rgb"), Refused("Colours are of the Trino console only.")),
    **dict.fromkeys(("from_ieee754_32", "from_ieee754_64", "to_ieee754_32", "to_ieee754_64"), Refused()),
    **dict.fromkeys(("from_base32", "to_base32"), Refused("to_base64 and from_base64 are supported.")),
    **dict.fromkeys(("word_stem", "format_number", "parse_data_size", "human_readable_seconds"), Refused()),
    **dict.fromkeys(("array_histogram", "reduce_agg", "json_table"), Refused()),
    "to_char": Refused("Use date_format or format_datetime."),
    "to_timestamp": Refused("Use date_parse or parse_datetime."),
    "to_date": Refused("Use date_parse, or CAST(x AS date)."),
    "index": Refused("Use strpos."),
    "char2hexint": Refused("Use to_hex(to_utf8(x))."),
    "contains_cidr": Refused("IP addresses are not supported."),
}

ELSEWHERE: Final[dict[str, str]] = {
    "ifnull": "Athena calls it coalesce.",
    "nvl": "Athena calls it coalesce.",
    "isnull": "Write x IS NULL.",
    "len": "Athena calls it length.",
    "char_length": "Athena calls it length.",
    "instr": "Athena calls it strpos.",
    "charindex": "Athena calls it strpos.",
    "string_agg": "Athena calls it listagg, or array_join(array_agg(x), ',').",
    "group_concat": "Athena calls it listagg, or array_join(array_agg(x), ',').",
    "list": "Athena calls it array_agg.",
    "collect_list": "Athena calls it array_agg.",
    "collect_set": "Use array_agg(DISTINCT x).",
    "list_transform": "Athena calls it transform.",
    "list_filter": "Athena calls it filter.",
    "list_aggregate": "Use reduce.",
    "explode": "Use CROSS JOIN UNNEST(x).",
    "array_contains": "Athena calls it contains.",
    "array_length": "Athena calls it cardinality.",
    "size": "Athena calls it cardinality.",
    "datediff": "Athena calls it date_diff('day', start, end).",
    "dateadd": "Athena calls it date_add('day', n, x).",
    "date_part": "Use EXTRACT(part FROM x).",
    "datepart": "Use EXTRACT(part FROM x).",
    "getdate": "Athena calls it current_timestamp.",
    "sysdate": "Athena calls it current_timestamp.",
    "strptime": "Athena calls it date_parse.",
    "strftime": "Athena calls it date_format.",
    "to_json": "Use CAST(x AS json).",
    "epoch": "Athena calls it to_unixtime.",
    "unix_timestamp": "Athena calls it to_unixtime.",
    "median": "Use approx_percentile(x, 0.5).",
    "quantile_cont": "Use approx_percentile.",
    "percentile_cont": "Use approx_percentile.",
    "count_distinct": "Write count(DISTINCT x).",
    "arg_max": "Athena calls it max_by.",
    "arg_min": "Athena calls it min_by.",
    "regexp_matches": "Athena calls it regexp_like.",
    "rlike": "Athena calls it regexp_like.",
    "struct_pack": "Use CAST(ROW(…) AS ROW(name type, …)).",
    "named_struct": "Use CAST(ROW(…) AS ROW(name type, …)).",
    "generate_series": "Athena calls it sequence.",
    "range": "Athena calls it sequence.",
    "md5_number": "Use md5(to_utf8(x)).",
    "left": "Use substr(x, 1, n).",
    "right": "Use substr(x, -n).",
    "initcap": "There is no such function in Athena.",
    "decode": "Use CASE.",
    "iff": "Athena calls it if.",
    "date_sub": "Use date_add with a negative number.",
    "last_day": "Athena calls it last_day_of_month.",
    "truncate_timestamp": "Athena calls it date_trunc.",
    "get_json_object": "Athena calls it json_extract_scalar.",
    "json_extract_path_text": "Athena calls it json_extract_scalar.",
}
