-- Arrays and maps.

CREATE OR REPLACE MACRO kit_concat_lists(a, b) AS (
    CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END
);

CREATE OR REPLACE MACRO kit_has_null(list) AS ((len(list_filter(list, lambda e: e IS NULL)) > 0));

CREATE OR REPLACE MACRO kit_any(list) AS (
    CASE
        WHEN list IS NULL THEN NULL
        WHEN list_contains(list, true) THEN true
        WHEN kit_has_null(list) THEN NULL
        ELSE false
    END
);

CREATE OR REPLACE MACRO kit_all(list) AS (
    CASE
        WHEN list IS NULL THEN NULL
        WHEN list_contains(list, false) THEN false
        WHEN kit_has_null(list) THEN NULL
        ELSE true
    END
);

CREATE OR REPLACE MACRO kit_all_equal(a, b, pairs) AS (
    CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) <> len(b) THEN false ELSE kit_all(pairs) END
);

CREATE OR REPLACE MACRO kit_bounds(position, size, value) AS (
    CASE
        WHEN position > size
            THEN kit_check(
                true,
                'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '
                    || position || ' > ' || size,
                NULL
            )
        ELSE value
    END
);

CREATE OR REPLACE MACRO kit_element(list, position) AS (kit_bounds(position, len(list), list[position]));

CREATE OR REPLACE MACRO kit_subscript(list, position) AS (
    CASE
        WHEN position = 0 AND list IS NOT NULL
            THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', NULL)
        WHEN position < 0 AND list IS NOT NULL
            THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || position, NULL)
        ELSE kit_bounds(position, len(list), list[position])
    END
);

CREATE OR REPLACE MACRO kit_element_at(list, position) AS (
    CASE
        WHEN position = 0 AND list IS NOT NULL
            THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', NULL)
        ELSE list[position]
    END
);

CREATE OR REPLACE MACRO kit_map_value(map, wanted) AS (
    CASE
        WHEN NOT map_contains(map, wanted)
            THEN kit_check(
                true,
                'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || CAST(wanted AS VARCHAR),
                NULL
            )
        ELSE map[wanted]
    END
);

CREATE OR REPLACE MACRO kit_array_distinct(list) AS (
    CASE
        WHEN len(list_distinct(list)) + CASE WHEN kit_has_null(list) THEN 1 ELSE 0 END = len(list) THEN list
        ELSE list_filter(list, lambda e, i: list_position(list, e) = i)
    END
);

CREATE OR REPLACE MACRO kit_holds(list, item) AS (coalesce(list_position(list, item), 0) > 0);

CREATE OR REPLACE MACRO kit_array_except(a, b) AS (
    CASE WHEN b IS NULL THEN NULL ELSE kit_array_distinct(list_filter(a, lambda e: NOT kit_holds(b, e))) END
);

CREATE OR REPLACE MACRO kit_array_intersect(a, b) AS (
    CASE WHEN b IS NULL THEN NULL ELSE kit_array_distinct(list_filter(a, lambda e: kit_holds(b, e))) END
);

CREATE OR REPLACE MACRO kit_array_position(list, item) AS (
    CASE
        WHEN list IS NULL OR item IS NULL THEN NULL
        ELSE CAST(coalesce(list_position(list, item), 0) AS BIGINT)
    END
);

CREATE OR REPLACE MACRO kit_array_remove(list, item) AS (
    CASE WHEN item IS NULL THEN NULL ELSE list_filter(list, lambda e: e IS NULL OR e <> item) END
);

CREATE OR REPLACE MACRO kit_array_join(list, separator) AS (
    CASE
        WHEN list IS NULL OR separator IS NULL THEN NULL
        ELSE array_to_string(list_filter(list, lambda e: e IS NOT NULL), separator)
    END
);

CREATE OR REPLACE MACRO kit_arrays_overlap(a, b) AS (
    CASE
        WHEN a IS NULL OR b IS NULL THEN NULL
        WHEN list_has_any(list_filter(a, lambda e: e IS NOT NULL), list_filter(b, lambda e: e IS NOT NULL))
            THEN true
        WHEN len(a) > 0 AND len(b) > 0 AND (kit_has_null(a) OR kit_has_null(b)) THEN NULL
        ELSE false
    END
);

CREATE OR REPLACE MACRO kit_contains(list, item) AS (
    CASE
        WHEN list IS NULL OR item IS NULL THEN NULL
        WHEN list_contains(list, item) THEN true
        WHEN kit_has_null(list) THEN NULL
        ELSE false
    END
);

CREATE OR REPLACE MACRO kit_contains_sequence(list, part) AS (
    CASE
        WHEN list IS NULL OR part IS NULL THEN NULL
        WHEN len(part) = 0 THEN true
        ELSE len(list_filter(list, lambda e, i: list_slice(list, i, i + len(part) - 1) = part)) > 0
    END
);

CREATE OR REPLACE MACRO kit_ngrams(list, size) AS (
    kit_check(
        size <= 0,
        'INVALID_FUNCTION_ARGUMENT: N must be positive',
        CASE
            WHEN len(list) <= size THEN [list]
            ELSE list_transform(range(1, len(list) - size + 2), lambda i: list_slice(list, i, i + size - 1))
        END
    )
);

CREATE OR REPLACE MACRO kit_slice(list, start, count) AS (
    kit_check(
        count < 0,
        'INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0',
        kit_check(
            start = 0,
            'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1',
            CASE
                WHEN list IS NULL OR start IS NULL OR count IS NULL THEN NULL
                WHEN count = 0 OR abs(start) > len(list) THEN list_filter(list, lambda e: false)
                WHEN start > 0 THEN list_slice(list, start, start + count - 1)
                ELSE list_slice(list, len(list) + start + 1, len(list) + start + count)
            END
        )
    )
);

CREATE OR REPLACE MACRO kit_trim_array(list, count) AS (
    kit_check(
        count < 0,
        'INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || count,
        kit_check(
            count > len(list),
            'INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(list) || ': ' || count,
            list_slice(list, 1, len(list) - count)
        )
    )
);

CREATE OR REPLACE MACRO kit_sequence(first, last, step) AS (
    kit_check(
        step = 0 OR (step > 0 AND last < first) OR (step < 0 AND last > first),
        'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',
        kit_check(
            (last - first) // step + 1 > 10000,
            'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries',
            generate_series(first, last, step)
        )
    )
);

CREATE OR REPLACE MACRO kit_reduce_start(value, list) AS (CASE WHEN list IS NULL THEN NULL ELSE value END);

CREATE OR REPLACE MACRO kit_combinations_0(list) AS ([list_filter(list, lambda e: false)]);

CREATE OR REPLACE MACRO kit_combinations_1(list) AS (list_transform(list, lambda e: [e]));

CREATE OR REPLACE MACRO kit_combinations_2(list) AS (
    flatten(
        list_transform(
            range(1, len(list) + 1),
            lambda i: list_transform(range(i + 1, len(list) + 1), lambda j: [list[i], list[j]])
        )
    )
);

CREATE OR REPLACE MACRO kit_combinations_3(list) AS (
    flatten(
        list_transform(
            range(1, len(list) + 1),
            lambda i: flatten(
                list_transform(
                    range(i + 1, len(list) + 1),
                    lambda j: list_transform(range(j + 1, len(list) + 1), lambda k: [list[i], list[j], list[k]])
                )
            )
        )
    )
);

CREATE OR REPLACE MACRO kit_map(keys, vals) AS (
    kit_check(
        len(keys) <> len(vals),
        'INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length',
        kit_check(
            kit_has_null(keys),
            'INVALID_FUNCTION_ARGUMENT: map key cannot be null',
            kit_check(
                len(list_distinct(keys)) < len(keys),
                'INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed',
                CASE WHEN keys IS NULL OR vals IS NULL THEN NULL ELSE map(keys, vals) END
            )
        )
    )
);

CREATE OR REPLACE MACRO kit_map_concat(a, b) AS (
    CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE map_concat(a, b) END
);

CREATE OR REPLACE MACRO kit_entry_keys(entries) AS (list_transform(entries, lambda e: e.key));

CREATE OR REPLACE MACRO kit_map_first(entries) AS (
    CASE
        WHEN len(list_distinct(kit_entry_keys(entries))) = len(entries) THEN map_from_entries(entries)
        ELSE map_from_entries(list_filter(entries, lambda e, i: list_position(kit_entry_keys(entries), e.key) = i))
    END
);

CREATE OR REPLACE MACRO kit_multimap(entries) AS (
    map_from_entries(
        list_transform(
            kit_array_distinct(kit_entry_keys(entries)),
            lambda k: {
                'key': k,
                'value': list_transform(list_filter(entries, lambda e: e.key = k), lambda e: e.value)
            }
        )
    )
);

CREATE OR REPLACE MACRO kit_split_to_multimap(text, entries, separator) AS (
    kit_multimap(kit_pairs(text, entries, separator))
);

CREATE OR REPLACE MACRO kit_map_union(maps) AS (list_reduce(maps, lambda a, b: map_concat(a, b)));

CREATE OR REPLACE MACRO kit_most_frequent(counts, most) AS (
    map_from_entries(
        list_transform(
            list_slice(
                list_sort(
                    list_transform(map_entries(counts), lambda e: {'n': -CAST(e.value AS BIGINT), 'k': e.key})
                ),
                1,
                most
            ),
            lambda e: {'key': e.k, 'value': -e.n}
        )
    )
);
