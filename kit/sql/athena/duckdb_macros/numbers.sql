-- Numbers: exact division of decimals, bases, bits, buckets.

CREATE OR REPLACE MACRO kit_unscaled(value, factor) AS (
    CAST(trunc(value) AS HUGEINT) * factor + CAST((value - trunc(value)) * factor AS HUGEINT)
);

CREATE OR REPLACE MACRO kit_quotient(dividend, divisor) AS (
    (dividend)
        // (divisor) + CASE
            WHEN abs((dividend) % (divisor)) * 2 >= abs(divisor)
                THEN CASE WHEN ((dividend) < 0) = ((divisor) < 0) THEN 1 ELSE -1 END
            ELSE 0
        END
);

CREATE OR REPLACE MACRO kit_cbrt(value) AS (
    CASE
        WHEN round(cbrt(value)) * round(cbrt(value)) * round(cbrt(value)) = value THEN round(cbrt(value))
        ELSE cbrt(value)
    END
);

CREATE OR REPLACE MACRO kit_from_base(text, radix) AS (
    kit_check(
        radix < 2 OR radix > 36,
        'INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36',
        kit_check(
            NOT regexp_full_match(lower(text), '[-+]?[0-9a-z]+')
                OR len(list_filter(kit_digits(text), lambda d: d >= radix)) > 0,
            'INVALID_FUNCTION_ARGUMENT: Not a valid base-' || radix || ' number: ' || text,
            CAST(
                list_reduce(kit_digits(text), lambda s, d: s * radix + d, CAST(0 AS HUGEINT))
                    * CASE WHEN starts_with(text, '-') THEN -1 ELSE 1 END AS BIGINT
            )
        )
    )
);

CREATE OR REPLACE MACRO kit_to_base(value, radix) AS (
    kit_check(
        radix < 2 OR radix > 36,
        'INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36',
        CASE WHEN value < 0 THEN '-' ELSE '' END || lower(to_base(abs(value), CAST(radix AS INTEGER)))
    )
);

CREATE OR REPLACE MACRO kit_width_bucket(operand, low, high, buckets) AS (
    kit_check(
        buckets <= 0,
        'INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0',
        kit_check(
            low = high,
            'INVALID_FUNCTION_ARGUMENT: bounds cannot equal each other',
            CASE
                WHEN low < high
                    THEN CASE
                        WHEN operand < low THEN 0
                        WHEN operand >= high THEN buckets + 1
                        ELSE CAST(floor(buckets * (operand - low) / (high - low)) AS BIGINT) + 1
                    END
                ELSE CASE
                    WHEN operand > low THEN 0
                    WHEN operand <= high THEN buckets + 1
                    ELSE CAST(floor(buckets * (low - operand) / (low - high)) AS BIGINT) + 1
                END
            END
        )
    )
);

CREATE OR REPLACE MACRO kit_wilson(successes, trials, z, sign) AS (
    (successes + z * z / 2 + sign * z * sqrt(successes * (trials - successes) / trials + z * z / 4)) / (
        trials + z * z
    )
);

CREATE OR REPLACE MACRO kit_bit_count(value, bits) AS (
    kit_check(
        bits < 2 OR bits > 64,
        'INVALID_FUNCTION_ARGUMENT: Bits specified in bit_count must be between 2 and 64, got ' || bits,
        kit_check(
            bits < 64
                AND (value >= (CAST(1 AS HUGEINT) << (bits - 1)) OR value < -(CAST(1 AS HUGEINT) << (bits - 1))),
            'INVALID_FUNCTION_ARGUMENT: Number must be representable with the bits specified. ' || value
                || ' cannot be represented with ' || bits || ' bits',
            CAST(bit_count(value) - CASE WHEN value < 0 THEN 64 - bits ELSE 0 END AS BIGINT)
        )
    )
);

CREATE OR REPLACE MACRO kit_wrap(value, bits) AS (
    ((value + (CAST(1 AS HUGEINT) << (bits - 1))) % (CAST(1 AS HUGEINT) << bits) + (CAST(1 AS HUGEINT) << bits))
        % (CAST(1 AS HUGEINT) << bits) - (CAST(1 AS HUGEINT) << (bits - 1))
);

CREATE OR REPLACE MACRO kit_shift_left(value, shift, bits) AS (
    CASE
        WHEN shift >= bits THEN 0
        ELSE kit_wrap((CAST(value AS HUGEINT) * (CAST(1 AS HUGEINT) << shift)), bits)
    END
);

CREATE OR REPLACE MACRO kit_shift_right(value, shift, bits) AS (
    CASE
        WHEN shift >= bits THEN 0
        WHEN shift = 0 THEN value
        ELSE CASE WHEN value < 0 THEN CAST(value AS HUGEINT) + (CAST(1 AS HUGEINT) << bits) ELSE value END
            // (CAST(1 AS HUGEINT) << shift)
    END
);

CREATE OR REPLACE MACRO kit_months(value) AS ((extract(year FROM value) * 12 + extract(month FROM value)));
