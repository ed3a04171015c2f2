-- Binary values.

CREATE OR REPLACE MACRO kit_from_base64url(text) AS (
    from_base64(
        rpad(
            replace(replace(rtrim(text, '='), '-', '+'), '_', '/'),
            CAST(ceil(length(rtrim(text, '=')) / 4) * 4 AS INTEGER),
            '='
        )
    )
);

CREATE OR REPLACE MACRO kit_hex_value(digits) AS (
    list_reduce(kit_digits(digits), lambda s, d: s * 16 + d, CAST(0 AS HUGEINT))
);

CREATE OR REPLACE MACRO kit_from_big_endian_32(bytes) AS (
    kit_check(
        octet_length(bytes) <> 4,
        'INVALID_FUNCTION_ARGUMENT: expected 4-byte input, but got instead: ' || octet_length(bytes),
        CAST(kit_wrap(kit_hex_value(hex(bytes)), 32) AS INTEGER)
    )
);

CREATE OR REPLACE MACRO kit_from_big_endian_64(bytes) AS (
    kit_check(
        octet_length(bytes) <> 8,
        'INVALID_FUNCTION_ARGUMENT: expected 8-byte input, but got instead: ' || octet_length(bytes),
        CAST(kit_wrap(kit_hex_value(hex(bytes)), 64) AS BIGINT)
    )
);

CREATE OR REPLACE MACRO kit_to_big_endian(value, digits) AS (
    unhex(
        lpad(
            to_hex(
                CASE
                    WHEN value < 0 THEN CAST(value AS HUGEINT) + (CAST(1 AS HUGEINT) << (digits * 4))
                    ELSE CAST(value AS HUGEINT)
                END
            ),
            digits,
            '0'
        )
    )
);

CREATE OR REPLACE MACRO kit_reverse_bytes(bytes) AS (
    unhex(array_to_string(list_reverse(regexp_extract_all(hex(bytes), '..')), ''))
);
