-- SUPER values, which are stored as JSON.

-- A number with an exponent is a FLOAT, any other a DECIMAL.
CREATE OR REPLACE MACRO rs_super_float(x) AS CAST(
    CASE WHEN contains(rs_float_text(x), 'e') THEN rs_float_text(x) ELSE rs_float_text(x) || 'e+0' END AS JSON
);

CREATE OR REPLACE MACRO rs_super_is_float(x) AS
    coalesce(json_type(x) = 'DOUBLE' AND contains(CAST(x AS VARCHAR), 'e'), FALSE);

CREATE OR REPLACE MACRO rs_super_is_decimal(x) AS
    coalesce(json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE') AND NOT contains(CAST(x AS VARCHAR), 'e'), FALSE);

CREATE OR REPLACE MACRO rs_super_element(x, n) AS CASE WHEN n < 0 THEN NULL ELSE json_extract(x, '$[' || n || ']') END;

CREATE OR REPLACE MACRO rs_super_is_null(x) AS x IS NULL OR json_type(x) = 'NULL';

CREATE OR REPLACE MACRO rs_super_is_number(x) AS json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE');

-- A scalar's text, NULL for what is none.
CREATE OR REPLACE MACRO rs_super_text(x) AS
    CASE WHEN json_type(x) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(x, '$') END;

CREATE OR REPLACE MACRO rs_super_string(x) AS
    CASE WHEN json_type(x) = 'VARCHAR' THEN rtrim(json_extract_string(x, '$')) END;

CREATE OR REPLACE MACRO rs_super_number(x) AS
    CASE WHEN rs_super_is_number(x) THEN TRY_CAST(json_extract_string(x, '$') AS DOUBLE) END;

-- Equal values of any type have equal keys: numbers by value, strings without trailing blanks.
CREATE OR REPLACE MACRO rs_super_key(x) AS CASE
    WHEN json_type(x) = 'NULL' THEN NULL
    WHEN json_type(x) = 'DOUBLE' THEN regexp_replace(json_extract_string(x, '$'), '\.0+$', '')
    WHEN json_type(x) = 'VARCHAR' THEN '"' || rtrim(json_extract_string(x, '$'))
    ELSE CAST(x AS VARCHAR)
END;

-- The total order of ORDER BY: booleans, numbers, strings, arrays, objects.
CREATE OR REPLACE MACRO rs_super_order(x) AS CASE
    WHEN x IS NULL OR json_type(x) = 'NULL' THEN NULL
    ELSE {
        'rank': CASE json_type(x)
            WHEN 'BOOLEAN' THEN 0
            WHEN 'VARCHAR' THEN 2
            WHEN 'ARRAY' THEN 3
            WHEN 'OBJECT' THEN 4
            ELSE 1
        END,
        'number': coalesce(rs_super_number(x), 0),
        'text': coalesce(json_extract_string(x, '$'), '')
    }
END;

-- An order of two values is known only where both are numbers or both are strings.
CREATE OR REPLACE MACRO rs_super_compare(a, b, answer) AS CASE
    WHEN rs_super_number(a) IS NOT NULL AND rs_super_number(b) IS NOT NULL THEN answer
    WHEN rs_super_string(a) IS NOT NULL AND rs_super_string(b) IS NOT NULL THEN answer
END;

CREATE OR REPLACE MACRO rs_super_elements(x) AS
    CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') ELSE [] END;

CREATE OR REPLACE MACRO rs_super_indexes(x) AS
    CASE WHEN json_type(x) = 'ARRAY' THEN range(0, CAST(json_array_length(x) AS BIGINT)) ELSE [] END;

CREATE OR REPLACE MACRO rs_super_keys(x) AS
    CASE WHEN json_type(x) = 'OBJECT' THEN list_transform(json_keys(x), lambda k: to_json(k)) ELSE [] END;

CREATE OR REPLACE MACRO rs_super_values(x) AS CASE
    WHEN json_type(x) = 'OBJECT'
        THEN list_transform(json_keys(x), lambda k: json_extract(x, '$' || rs_json_step(k)))
    ELSE []
END;

CREATE OR REPLACE MACRO rs_super_fits(x, bits) AS coalesce(
    json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT')
    AND TRY_CAST(json_extract_string(x, '$') AS HUGEINT)
        BETWEEN -CAST(pow(2, bits) AS HUGEINT) AND CAST(pow(2, bits) AS HUGEINT) - 1,
    FALSE
);

CREATE OR REPLACE MACRO rs_super_digits(x) AS regexp_replace(json_extract_string(x, '$'), '^-', '');

CREATE OR REPLACE MACRO rs_super_precision(x) AS
    CASE WHEN rs_super_is_number(x) THEN CAST(length(replace(rs_super_digits(x), '.', '')) AS INTEGER) END;

CREATE OR REPLACE MACRO rs_super_scale(x) AS CASE
    WHEN rs_super_is_number(x)
        THEN CAST(CASE
            WHEN strpos(rs_super_digits(x), '.') = 0 THEN 0
            ELSE length(rs_super_digits(x)) - strpos(rs_super_digits(x), '.')
        END AS INTEGER)
END;

CREATE OR REPLACE MACRO rs_array_of(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') END;

CREATE OR REPLACE MACRO rs_array_concat(a, b) AS CASE
    WHEN json_type(a) = 'ARRAY' AND json_type(b) = 'ARRAY'
        THEN to_json(list_concat(rs_array_of(a), rs_array_of(b)))
END;

CREATE OR REPLACE MACRO rs_array_length(x) AS
    CASE WHEN json_type(x) = 'ARRAY' THEN CAST(json_array_length(x) AS INTEGER) END;

CREATE OR REPLACE MACRO rs_array_flatten(x) AS CASE
    WHEN json_type(x) = 'ARRAY'
        THEN to_json(flatten(list_transform(
            rs_array_of(x),
            lambda e: CASE WHEN json_type(e) = 'ARRAY' THEN json_extract(e, '$[*]') ELSE [e] END
        )))
END;

CREATE OR REPLACE MACRO rs_subarray(x, start, n) AS CASE
    WHEN start IS NOT NULL AND n IS NOT NULL AND json_type(x) = 'ARRAY'
        THEN to_json(list_slice(rs_array_of(x), CAST(rs_natural(start) + 1 AS BIGINT), CAST(start AS BIGINT) + n))
END;
