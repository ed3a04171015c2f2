-- Arithmetic that fails where DuckDB would answer NaN or infinity, and rounding at a digit.

-- NULL stays NULL, unlike greatest(n, 0).
CREATE OR REPLACE MACRO rs_natural(n) AS CASE WHEN n < 0 THEN 0 ELSE n END;

CREATE OR REPLACE MACRO rs_divide(a, b) AS CASE WHEN b = 0 THEN error('Divide by zero') ELSE a / b END;

CREATE OR REPLACE MACRO rs_modulo(a, b) AS CASE WHEN b = 0 THEN error('Divide by zero') ELSE a % b END;

CREATE OR REPLACE MACRO rs_ratio(a, total) AS CASE WHEN total = 0 THEN NULL ELSE a / total END;

CREATE OR REPLACE MACRO rs_sqrt(x) AS
    CASE WHEN x < 0 THEN error('cannot take square root of a negative number') ELSE sqrt(x) END;

CREATE OR REPLACE MACRO rs_cbrt(x) AS
    CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END;

CREATE OR REPLACE MACRO rs_exp(x) AS
    CASE WHEN isinf(exp(x)) THEN error('value out of range: overflow') ELSE exp(x) END;

CREATE OR REPLACE MACRO rs_ln(x) AS CASE
    WHEN x = 0 THEN error('cannot take logarithm of zero')
    WHEN x < 0 THEN error('cannot take logarithm of a negative number')
    ELSE ln(x)
END;

CREATE OR REPLACE MACRO rs_log10(x) AS CASE
    WHEN x = 0 THEN error('cannot take logarithm of zero')
    WHEN x < 0 THEN error('cannot take logarithm of a negative number')
    ELSE log10(x)
END;

CREATE OR REPLACE MACRO rs_power(x, y) AS CASE
    WHEN x = 0 AND y < 0 THEN error('zero raised to a negative power is undefined')
    WHEN x < 0 AND y <> floor(y)
        THEN error('a negative number raised to a non-integer power yields a complex result')
    WHEN isinf(pow(x, y)) AND NOT isinf(x) THEN error('value out of range: overflow')
    ELSE pow(x, y)
END;

CREATE OR REPLACE MACRO rs_asin(x) AS CASE WHEN abs(x) > 1 THEN error('input is out of range') ELSE asin(x) END;

CREATE OR REPLACE MACRO rs_acos(x) AS CASE WHEN abs(x) > 1 THEN error('input is out of range') ELSE acos(x) END;

-- A signed 64-bit integer as its unsigned twin, and back.
CREATE OR REPLACE MACRO rs_unsigned(x) AS
    CASE WHEN x < 0 THEN CAST(x AS HUGEINT) + 18446744073709551616 ELSE CAST(x AS HUGEINT) END;

CREATE OR REPLACE MACRO rs_signed(x) AS
    CAST(CASE WHEN x >= 9223372036854775808 THEN x - 18446744073709551616 ELSE x END AS BIGINT);

CREATE OR REPLACE MACRO rs_shift_left(x, n) AS CASE
    WHEN n < 0 OR n > 63 THEN 0
    ELSE rs_signed((rs_unsigned(x) % CAST(pow(2, 64 - n) AS HUGEINT)) * CAST(pow(2, n) AS HUGEINT))
END;

CREATE OR REPLACE MACRO rs_shift_right(x, n) AS x >> CAST(CASE WHEN n > 63 THEN 63 ELSE rs_natural(n) END AS BIGINT);

CREATE OR REPLACE MACRO rs_to_hex_integer(x) AS
    printf('%x', CAST(CASE WHEN x < 0 THEN CAST(x AS BIGINT) + 4294967296 ELSE x END AS BIGINT));

-- Months, days and time scaled apart; what is left of a day becomes time.
CREATE OR REPLACE MACRO rs_scale_interval(i, f) AS
    to_months(CAST(trunc((year(i) * 12 + month(i)) * f) AS INTEGER))
    + to_days(CAST(trunc(day(i) * f) AS INTEGER))
    + to_microseconds(CAST(round(
        (day(i) * f - trunc(day(i) * f)) * 86400000000
        + (hour(i) * 3600000000.0 + minute(i) * 60000000.0 + microsecond(i)) * f
    ) AS BIGINT));

-- Rounded or cut at a digit that is no constant; negative digits stand before the point.
CREATE OR REPLACE MACRO rs_round_digits(x, n) AS round(CAST(x AS DOUBLE) * pow(10, n)) / pow(10, n);

CREATE OR REPLACE MACRO rs_trunc_digits(x, n) AS trunc(CAST(x AS DOUBLE) * pow(10, n)) / pow(10, n);

CREATE OR REPLACE MACRO rs_round_units(x, n) AS
    CASE WHEN n >= 0 THEN x ELSE round(x / pow(10, -n)) * pow(10, -n) END;

CREATE OR REPLACE MACRO rs_trunc_units(x, n) AS
    CASE WHEN n >= 0 THEN x ELSE trunc(x / pow(10, -n)) * pow(10, -n) END;

CREATE OR REPLACE MACRO rs_round_float(x, n) AS
    CASE WHEN n >= 0 THEN round(x, n) ELSE round(x / pow(10, -n)) * pow(10, -n) END;

CREATE OR REPLACE MACRO rs_trunc_float(x, n) AS trunc(x * pow(10, n)) / pow(10, n);
