-- JSON in text.

-- DuckDB also takes a comma at the end of a list, and NaN and Infinity.
CREATE OR REPLACE MACRO rs_json_is_loose(x) AS regexp_matches(x, '(?i),\s*[\]}]|nan|inf');

CREATE OR REPLACE MACRO rs_json_valid(x) AS json_valid(x) AND (
    NOT rs_json_is_loose(x) OR NOT rs_json_is_loose(regexp_replace(x, '"([^"\\]|\\.)*"', '""', 'g'))
);

CREATE OR REPLACE MACRO rs_is_json(x, opening) AS CASE
    WHEN x IS NULL THEN NULL
    ELSE coalesce(rs_json_valid(x) AND left(ltrim(x, e' \t\n\r'), 1) = opening, FALSE)
END;

CREATE OR REPLACE MACRO rs_json_parse(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_json_valid(x) THEN json(x)
    ELSE error('JSON parsing error: invalid JSON: ' || left(x, 80))
END;

CREATE OR REPLACE MACRO rs_json_serialize(x) AS CASE
    WHEN strlen(CAST(x AS VARCHAR)) > 65535 THEN error('JSON parsing error: the text is longer than 65535 bytes')
    ELSE CAST(x AS VARCHAR)
END;

CREATE OR REPLACE MACRO rs_json_typeof(x) AS CASE
    WHEN x IS NULL THEN NULL
    ELSE CASE json_type(x)
        WHEN 'OBJECT' THEN 'object'
        WHEN 'ARRAY' THEN 'array'
        WHEN 'VARCHAR' THEN 'string'
        WHEN 'BOOLEAN' THEN 'boolean'
        WHEN 'NULL' THEN 'null'
        ELSE 'number'
    END
END;

CREATE OR REPLACE MACRO rs_json_checked(x, lenient) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_json_valid(x) THEN x
    WHEN lenient THEN NULL
    ELSE error('JSON parsing error: invalid JSON: ' || left(x, 80))
END;

CREATE OR REPLACE MACRO rs_json_path_text(x, path, lenient) AS CASE
    WHEN x IS NULL OR path IS NULL THEN NULL
    WHEN lenient AND NOT rs_json_valid(x) THEN NULL
    ELSE coalesce(json_extract_string(rs_json_checked(x, lenient), path), '')
END;

CREATE OR REPLACE MACRO rs_json_step(name) AS '."' || replace(replace(name, '\', '\\'), '"', '\"') || '"';

CREATE OR REPLACE MACRO rs_json_array_length(x, lenient) AS CASE
    WHEN x IS NULL OR (lenient AND NOT rs_json_valid(x)) THEN NULL
    WHEN json_type(rs_json_checked(x, lenient)) = 'ARRAY' THEN CAST(json_array_length(x) AS INTEGER)
    WHEN lenient THEN NULL
    ELSE error('JSON parsing error: not a JSON array: ' || left(x, 80))
END;

CREATE OR REPLACE MACRO rs_json_element(x, n, lenient) AS CASE
    WHEN x IS NULL OR n IS NULL OR (lenient AND NOT rs_json_valid(x)) THEN NULL
    WHEN json_type(rs_json_checked(x, lenient)) = 'ARRAY'
        THEN CASE WHEN n < 0 THEN '' ELSE coalesce(json_extract_string(x, '$[' || n || ']'), '') END
    WHEN lenient THEN NULL
    ELSE error('JSON parsing error: not a JSON array: ' || left(x, 80))
END;
