-- JSON. DuckDB reads numbers with a point as doubles and prints them anew; where their digits matter they are read as
-- strings.

CREATE OR REPLACE MACRO kit_json_or_null(text) AS (CASE WHEN json_valid(text) THEN text END);

CREATE OR REPLACE MACRO kit_json_parse(text) AS (
    CAST(
        kit_check(
            NOT json_valid(text),
            'INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ''' || text || '''',
            json_normalize(text)
        ) AS JSON
    )
);

-- Puts all numbers of a document into quotes. Control characters cannot occur in JSON: chr(1) marks the numbers.
CREATE OR REPLACE MACRO kit_json_numbers_quoted(text) AS (
    replace(
        replace(
            regexp_replace(
                text,
                '("(?:[^"\\]|\\.)*")|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)',
                '\1' || chr(1) || '\2' || chr(1),
                'g'
            ),
            chr(1) || chr(1),
            ''
        ),
        chr(1),
        '"'
    )
);

CREATE OR REPLACE MACRO kit_json_scalar_text(text, path, found) AS (
    CASE
        WHEN left(found, 1) IN ('{', '[') AND json_type(text, path) IN ('OBJECT', 'ARRAY') THEN NULL
        WHEN regexp_full_match(found, '-?[0-9]+\.[0-9]+(e[-+]?[0-9]+)?')
            THEN json_extract_string(kit_json_numbers_quoted(text), path)
        ELSE found
    END
);

CREATE OR REPLACE MACRO kit_json_scalar(text, path) AS (
    kit_json_scalar_text(text, path, json_extract_string(text, path))
);

CREATE OR REPLACE MACRO kit_json_size(value) AS (
    CASE json_type(value)
        WHEN 'ARRAY' THEN CAST(json_array_length(value) AS BIGINT)
        WHEN 'OBJECT' THEN len(json_keys(value))
        ELSE CASE WHEN value IS NOT NULL THEN 0 END
    END
);

CREATE OR REPLACE MACRO kit_json_array_length(value) AS (
    CASE WHEN json_type(value) = 'ARRAY' THEN CAST(json_array_length(value) AS BIGINT) END
);

CREATE OR REPLACE MACRO kit_json_items(value) AS (
    CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') END
);

CREATE OR REPLACE MACRO kit_json_array_get(value, position) AS (
    CASE
        WHEN json_type(value) = 'ARRAY'
            THEN kit_json_items(value)[CASE WHEN position < 0 THEN position ELSE position + 1 END]
    END
);

CREATE OR REPLACE MACRO kit_json_array(value) AS (
    CASE
        WHEN value IS NULL OR json_type(value) = 'NULL' THEN NULL
        ELSE kit_check(
            json_type(value) <> 'ARRAY',
            'INVALID_CAST_ARGUMENT: Cannot cast to array. Expected a json array, but got '
                || CAST(value AS VARCHAR),
            json_extract(value, '$[*]')
        )
    END
);

CREATE OR REPLACE MACRO kit_json_object(value) AS (
    CASE
        WHEN value IS NULL OR json_type(value) = 'NULL' THEN NULL
        ELSE kit_check(
            json_type(value) <> 'OBJECT',
            'INVALID_CAST_ARGUMENT: Cannot cast to map. Expected a json object, but got '
                || CAST(value AS VARCHAR),
            value
        )
    END
);

CREATE OR REPLACE MACRO kit_json_field(value, name, position) AS (
    CASE
        WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]')[position + 1]
        ELSE json_extract(value, '$."' || list_filter(json_keys(value), lambda k: lower(k) = name)[1] || '"')
    END
);

CREATE OR REPLACE MACRO kit_json_scalar_only(value, kind, result) AS (
    kit_check(
        json_type(value) IN ('ARRAY', 'OBJECT'),
        'INVALID_CAST_ARGUMENT: Cannot cast to ' || kind || '. Unexpected JSON: ' || CAST(value AS VARCHAR),
        result
    )
);

CREATE OR REPLACE MACRO kit_json_number(value) AS (
    json_extract_string(kit_json_numbers_quoted(CAST(value AS VARCHAR)), '$')
);

CREATE OR REPLACE MACRO kit_json_to_varchar(value) AS (
    kit_json_scalar_only(
        value,
        'varchar',
        CASE
            WHEN json_type(value) = 'DOUBLE' AND regexp_matches(CAST(value AS VARCHAR), '[.eE]')
                THEN kit_float_text(TRY_CAST(json_extract_string(value, '$') AS DOUBLE))
            ELSE json_extract_string(value, '$')
        END
    )
);

CREATE OR REPLACE MACRO kit_json_to_boolean(value) AS (
    kit_json_scalar_only(
        value,
        'boolean',
        CASE json_type(value)
            WHEN 'BOOLEAN' THEN TRY_CAST(json_extract_string(value, '$') AS BOOLEAN)
            WHEN 'VARCHAR' THEN kit_boolean(json_extract_string(value, '$'))
            WHEN 'NULL' THEN NULL
            ELSE TRY_CAST(json_extract_string(value, '$') AS DOUBLE) <> 0
        END
    )
);

CREATE OR REPLACE MACRO kit_json_to_double(value) AS (
    kit_json_scalar_only(
        value,
        'double',
        CASE json_type(value)
            WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN 1.0 ELSE 0.0 END
            WHEN 'NULL' THEN NULL
            WHEN 'VARCHAR'
                THEN kit_check(
                    NOT kit_is_double(json_extract_string(value, '$')),
                    'INVALID_CAST_ARGUMENT: Cannot cast ''' || json_extract_string(value, '$') || ''' to DOUBLE',
                    TRY_CAST(kit_double(json_extract_string(value, '$')) AS DOUBLE)
                )
            ELSE TRY_CAST(json_extract_string(value, '$') AS DOUBLE)
        END
    )
);

CREATE OR REPLACE MACRO kit_json_to_bigint(value) AS (
    kit_json_scalar_only(
        value,
        'bigint',
        CASE json_type(value)
            WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN 1 ELSE 0 END
            WHEN 'NULL' THEN NULL
            WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(json_extract_string(value, '$') AS DOUBLE)) AS BIGINT)
            ELSE kit_check(
                NOT kit_is_integer(json_extract_string(value, '$')),
                'INVALID_CAST_ARGUMENT: Cannot cast ''' || json_extract_string(value, '$') || ''' to BIGINT',
                CAST(trim(json_extract_string(value, '$')) AS BIGINT)
            )
        END
    )
);

CREATE OR REPLACE MACRO kit_json_to_number(value) AS (
    kit_json_scalar_only(
        value,
        'decimal',
        CASE json_type(value)
            WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN '1' ELSE '0' END
            WHEN 'NULL' THEN NULL
            ELSE kit_json_number(value)
        END
    )
);

CREATE OR REPLACE MACRO kit_json_found(value) AS (list_filter([value], lambda v: v IS NOT NULL));

CREATE OR REPLACE MACRO kit_json_member(value, path) AS (
    CASE WHEN json_type(value) = 'OBJECT' THEN kit_json_found(json_extract(value, path)) ELSE [] END
);

CREATE OR REPLACE MACRO kit_json_member_lax(value, path) AS (
    CASE json_type(value)
        WHEN 'OBJECT' THEN kit_json_found(json_extract(value, path))
        WHEN 'ARRAY'
            THEN list_filter(
                list_transform(json_extract(value, '$[*]'), lambda v: json_extract(v, path)),
                lambda v: v IS NOT NULL
            )
        ELSE []
    END
);

CREATE OR REPLACE MACRO kit_json_members(value) AS (
    CASE WHEN json_type(value) = 'OBJECT' THEN json_extract(value, '$.*') ELSE [] END
);

CREATE OR REPLACE MACRO kit_json_members_lax(value) AS (
    CASE json_type(value)
        WHEN 'OBJECT' THEN json_extract(value, '$.*')
        WHEN 'ARRAY' THEN flatten(list_transform(json_extract(value, '$[*]'), lambda v: kit_json_members(v)))
        ELSE []
    END
);

CREATE OR REPLACE MACRO kit_json_elements(value) AS (
    CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') ELSE [] END
);

CREATE OR REPLACE MACRO kit_json_elements_lax(value) AS (
    CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') ELSE [value] END
);

CREATE OR REPLACE MACRO kit_json_element(value, position) AS (
    CASE
        WHEN json_type(value) = 'ARRAY' THEN kit_json_found(json_extract(value, '$[*]')[position + 1])
        ELSE []
    END
);

CREATE OR REPLACE MACRO kit_json_element_lax(value, position) AS (
    CASE
        WHEN json_type(value) = 'ARRAY' THEN kit_json_found(json_extract(value, '$[*]')[position + 1])
        WHEN position = 0 THEN [value]
        ELSE []
    END
);
