"""DuckDB macros that bound queries call: installed once in a database, before the first query.

Each is what a Redshift function means where DuckDB has no expression for it short enough to be written in place. Names
begin with `rs_`. An argument may be evaluated more than once.

Source: Amazon Redshift Database Developer Guide, the functions' own pages, read 2026-11; PostgreSQL 8.0 documentation,
"Data Type Formatting Functions"; RFC 1952 (CRC-32); FNV-1a as in the IETF draft.
"""

from __future__ import annotations

from typing import Final

_CONVERSIONS: Final = (
    # The longest prefix of whole characters that fits into so many bytes.
    """rs_cut(x, n) AS CASE
        WHEN strlen(x) <= n THEN x
        WHEN strlen(x) = length(x) THEN left(x, n)
        ELSE left(x, list_max(list_filter(range(0, n + 1), lambda k: strlen(left(x, k)) <= n))) END""",
    "rs_cut_bytes(x, n) AS CASE WHEN octet_length(x) <= n THEN x ELSE unhex(left(hex(x), n * 2)) END",
    """rs_store_varchar(x, n) AS CASE
        WHEN strlen(x) <= n THEN x
        WHEN strlen(rtrim(x)) <= n THEN rs_cut(x, n)
        ELSE error('value too long for type character varying(' || n || ')') END""",
    """rs_store_char(x, n) AS CASE
        WHEN strlen(rtrim(x)) > n THEN error('value too long for type character(' || n || ')')
        WHEN strlen(x) <> length(x) THEN error('CHAR string contains invalid ASCII character')
        ELSE rtrim(x) END""",
    """rs_store_varbyte(x, n) AS CASE
        WHEN octet_length(x) <= n THEN x
        ELSE error('value too long for type binary varying(' || n || ')') END""",
    """rs_integer(x) AS CASE
        WHEN regexp_full_match(x, '\\s*[+-]?[0-9]+\\s*') THEN trim(x)
        WHEN x IS NULL THEN NULL
        ELSE error('invalid input syntax for integer: "' || x || '"') END""",
    """rs_boolean(x) AS CASE
        WHEN lower(trim(x)) IN ('t', 'true', 'y', 'yes', '1') THEN TRUE
        WHEN lower(trim(x)) IN ('f', 'false', 'n', 'no', '0') THEN FALSE
        WHEN x IS NULL THEN NULL
        ELSE error('invalid input syntax for type boolean: "' || x || '"') END""",
    """rs_stamp(x) AS coalesce(
        TRY_CAST(trim(x) AS TIMESTAMP),
        try_strptime(trim(x), [
            '%m/%d/%Y %H:%M:%S.%f', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y',
            '%m-%d-%Y %H:%M:%S.%f', '%m-%d-%Y %H:%M:%S', '%m-%d-%Y %H:%M', '%m-%d-%Y',
            '%Y%m%d %H:%M:%S.%f', '%Y%m%d %H:%M:%S', '%Y%m%d %H:%M', '%Y%m%d', '%Y/%m/%d', '%Y.%m.%d',
            '%b-%d-%Y %H:%M:%S', '%b-%d-%Y', '%d-%b-%Y %H:%M:%S', '%d-%b-%Y', '%b %d, %Y', '%b %d %Y', '%d %b %Y',
            '%B-%d-%Y', '%d-%B-%Y', '%B %d, %Y', '%B %d %Y', '%d %B %Y', '%m.%d.%Y %H:%M:%S', '%m.%d.%Y'
        ]))""",
    """rs_timestamp(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN rs_stamp(x) IS NOT NULL THEN rs_stamp(x)
        ELSE error('invalid input syntax for type timestamp: "' || x || '"') END""",
    """rs_date(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS DATE)
        ELSE error('invalid input syntax for type date: "' || x || '"') END""",
    """rs_timestamptz(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN TRY_CAST(trim(x) AS TIMESTAMPTZ) IS NOT NULL THEN TRY_CAST(trim(x) AS TIMESTAMPTZ)
        WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS TIMESTAMPTZ)
        ELSE error('invalid input syntax for type timestamptz: "' || x || '"') END""",
    """rs_time(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN TRY_CAST(trim(x) AS TIME) IS NOT NULL THEN TRY_CAST(trim(x) AS TIME)
        WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS TIME)
        ELSE error('invalid input syntax for type time: "' || x || '"') END""",
    # Fifteen significant digits, six for REAL, as PostgreSQL 8 prints them.
    "rs_float_text(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' "
    "ELSE '-Infinity' END ELSE printf('%.15g', x) END",
    "rs_real_text(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' "
    "ELSE '-Infinity' END ELSE printf('%.6g', CAST(x AS DOUBLE)) END",
)

_NUMBERS: Final = (
    "rs_divide(a, b) AS CASE WHEN b = 0 THEN error('Divide by zero') ELSE a / b END",
    "rs_modulo(a, b) AS CASE WHEN b = 0 THEN error('Divide by zero') ELSE a % b END",
    "rs_ratio(a, total) AS CASE WHEN total = 0 THEN NULL ELSE a / total END",
    "rs_sqrt(x) AS CASE WHEN x < 0 THEN error('cannot take square root of a negative number') ELSE sqrt(x) END",
    "rs_cbrt(x) AS round(cbrt(x), 14)",
    "rs_exp(x) AS CASE WHEN isinf(exp(x)) THEN error('value out of range: overflow') ELSE exp(x) END",
    """rs_ln(x) AS CASE
        WHEN x = 0 THEN error('cannot take logarithm of zero')
        WHEN x < 0 THEN error('cannot take logarithm of a negative number')
        ELSE ln(x) END""",
    """rs_log10(x) AS CASE
        WHEN x = 0 THEN error('cannot take logarithm of zero')
        WHEN x < 0 THEN error('cannot take logarithm of a negative number')
        ELSE log10(x) END""",
    """rs_power(x, y) AS CASE
        WHEN x = 0 AND y < 0 THEN error('zero raised to a negative power is undefined')
        WHEN x < 0 AND y <> floor(y) THEN error('a negative number raised to a non-integer power yields a complex result')
        WHEN isinf(pow(x, y)) AND NOT isinf(x) THEN error('value out of range: overflow')
        ELSE pow(x, y) END""",
    "rs_asin(x) AS CASE WHEN abs(x) > 1 THEN error('input is out of range') ELSE asin(x) END",
    "rs_acos(x) AS CASE WHEN abs(x) > 1 THEN error('input is out of range') ELSE acos(x) END",
    "rs_shift_left(x, n) AS CAST(((CAST(x AS HUGEINT) * CAST(pow(2, n) AS HUGEINT) + 9223372036854775808) "
    "% 18446744073709551616 + 18446744073709551616) % 18446744073709551616 - 9223372036854775808 AS BIGINT)",
    "rs_shift_right(x, n) AS CAST(floor(CAST(x AS HUGEINT) / pow(2, n)) AS BIGINT)",
    "rs_scale_interval(i, f) AS to_months(CAST(trunc((year(i) * 12 + month(i)) * f) AS INTEGER)) "
    "+ to_days(CAST(trunc(day(i) * f) AS INTEGER)) + to_microseconds(CAST(round((day(i) * f - trunc(day(i) * f)) "
    "* 86400000000 + (hour(i) * 3600000000.0 + minute(i) * 60000000.0 + microsecond(i)) * f) AS BIGINT))",
    "rs_unsigned(x) AS CASE WHEN x < 0 THEN CAST(x AS HUGEINT) + 18446744073709551616 ELSE CAST(x AS HUGEINT) END",
    "rs_to_hex_integer(x) AS printf('%x', CAST(CASE WHEN x < 0 THEN CAST(x AS BIGINT) + 4294967296 ELSE x END AS BIGINT))",
    # A NUMERIC is rounded or cut at a digit by its units; negative digits stand before the point.
    "rs_round_digits(x, n) AS CASE WHEN n >= 0 THEN round(x, n) ELSE round(x / pow(10, -n)) * pow(10, -n) END",
    "rs_trunc_digits(x, n) AS CASE WHEN n >= 0 THEN trunc(x * pow(10, n)) / pow(10, n) "
    "ELSE trunc(x / pow(10, -n)) * pow(10, -n) END",
    "rs_round_units(x, n) AS CASE WHEN n >= 0 THEN x ELSE round(x / pow(10, -n)) * pow(10, -n) END",
    "rs_trunc_units(x, n) AS CASE WHEN n >= 0 THEN x ELSE trunc(x / pow(10, -n)) * pow(10, -n) END",
    "rs_round_float(x, n) AS CASE WHEN n >= 0 THEN round(x, n) ELSE round(x / pow(10, -n)) * pow(10, -n) END",
    "rs_trunc_float(x, n) AS trunc(x * pow(10, n)) / pow(10, n)",
)

_TEXT: Final = (
    """rs_initcap(x) AS array_to_string(list_transform(
        regexp_extract_all(lower(x), '[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+'),
        lambda w: upper(left(w, 1)) || substr(w, 2)), '')""",
    "rs_ascii(x) AS CASE WHEN x = '' THEN 0 ELSE unicode(x) END",
    "rs_chr(n) AS CASE WHEN n > 0 THEN chr(CAST(n AS INTEGER)) ELSE error('requested character not valid') END",
    "rs_octetindex(part, x) AS CASE WHEN strpos(x, part) = 0 THEN 0 "
    "ELSE CAST(strlen(left(x, strpos(x, part) - 1)) + 1 AS INTEGER) END",
    """rs_substring(x, start, n) AS CASE
        WHEN n < 0 THEN error('negative substring length not allowed')
        WHEN start >= 1 THEN substr(x, start, n)
        ELSE substr(x, 1, greatest(start + n - 1, 0)) END""",
    """rs_subbytes(x, start, n) AS CASE
        WHEN n < 0 THEN error('negative substring length not allowed')
        ELSE unhex(substr(hex(x), (greatest(start, 1) - 1) * 2 + 1, greatest(least(start, 1) - 1 + n, 0) * 2)) END""",
    "rs_lpad(x, n, pad) AS CASE WHEN pad = '' THEN left(x, greatest(n, 0)) ELSE lpad(x, greatest(n, 0), pad) END",
    "rs_rpad(x, n, pad) AS CASE WHEN pad = '' THEN left(x, greatest(n, 0)) ELSE rpad(x, greatest(n, 0), pad) END",
    """rs_split_part(x, delimiter, n) AS CASE
        WHEN n < 1 THEN error('field position must be greater than zero')
        WHEN delimiter = '' THEN CASE WHEN n = 1 THEN x ELSE '' END
        ELSE split_part(x, delimiter, n) END""",
    """rs_quote_ident(x) AS CASE
        WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*') THEN x
        ELSE '"' || replace(x, '"', '""') || '"' END""",
    """rs_quote_literal(x) AS '''' || replace(replace(x, '\\', '\\\\'), '''', '''''') || ''''""",
    "rs_text_compare(a, b) AS CASE WHEN rtrim(a) = rtrim(b) THEN 0 WHEN rtrim(a) > rtrim(b) THEN 1 "
    "WHEN rtrim(a) < rtrim(b) THEN -1 END",
    # The letter's code, a run of one code once; H and W do not part a run, vowels do.
    """rs_soundex_codes(x) AS translate(
        regexp_replace(substr(upper(x), 2), '[HW]', '', 'g'), 'AEIOUYBFPVCGJKQSXZDTLMNR', '000000111122222222334556')""",
    """rs_soundex_word(x) AS left(upper(left(x, 1)) || array_to_string(list_filter(
        list_transform(range(1, length(rs_soundex_codes(x)) + 1), lambda i: CASE
            WHEN substr(rs_soundex_codes(x), i, 1) = CASE
                WHEN i = 1 THEN translate(upper(left(x, 1)), 'AEIOUYHWBFPVCGJKQSXZDTLMNR', '00000000111122222222334556')
                ELSE substr(rs_soundex_codes(x), i - 1, 1) END THEN '0'
            ELSE substr(rs_soundex_codes(x), i, 1) END),
        lambda c: c <> '0'), '') || '000', 4)""",
    """rs_soundex(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN regexp_replace(x, '[^A-Za-z]', '', 'g') = '' THEN ''
        ELSE rs_soundex_word(regexp_replace(x, '[^A-Za-z]', '', 'g')) END""",
    "rs_difference(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE CAST(list_sum(list_transform(range(1, 5), "
    "lambda i: CASE WHEN substr(rs_soundex(a), i, 1) = substr(rs_soundex(b), i, 1) THEN 1 ELSE 0 END)) AS INTEGER) END",
    # Whole text before the position stays; the search begins at it.
    """rs_regexp_replace(x, pattern, replacement, start) AS CASE
        WHEN start > length(x) THEN x
        WHEN start <= 1 THEN regexp_replace(x, pattern, replacement, 'g')
        ELSE left(x, start - 1) || regexp_replace(substr(x, start), pattern, replacement, 'g') END""",
    """rs_regexp_substr(x, pattern, start, n, part) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN n < 1 OR n > length(x) THEN NULL
        WHEN start > length(x) THEN ''
        ELSE coalesce(list_extract(regexp_extract_all(substr(x, greatest(start, 1)), pattern, part), n), '') END""",
    """rs_regexp_count(x, pattern, start) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN start > length(x) THEN 0
        ELSE CAST(len(regexp_extract_all(substr(x, greatest(start, 1)), pattern)) AS INTEGER) END""",
    # What stands before the nth match is as long as the text cut at it.
    """rs_regexp_instr(x, pattern, start, n, after) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN start > length(x) OR n < 1
            OR len(regexp_extract_all(substr(x, greatest(start, 1)), pattern)) < n THEN 0
        ELSE CAST(greatest(start, 1)
            + list_sum(list_transform(list_slice(
                regexp_split_to_array(substr(x, greatest(start, 1)), pattern), 1, n), lambda p: length(p)))
            + coalesce(list_sum(list_transform(list_slice(
                regexp_extract_all(substr(x, greatest(start, 1)), pattern), 1, n - 1 + after), lambda p: length(p))), 0)
            AS INTEGER) END""",
    """rs_listagg(x) AS CASE WHEN strlen(x) > 65535 THEN error('Result size exceeds LISTAGG limit') ELSE x END""",
    # Of values that differ in trailing blanks only, the first.
    """rs_list_distinct(values_, delimiter) AS rs_listagg(nullif(array_to_string(list_filter(
        list_filter(values_, lambda v: v IS NOT NULL),
        lambda v, i: list_position(list_transform(list_filter(values_, lambda w: w IS NOT NULL), lambda w: rtrim(w)),
            rtrim(v)) = i), delimiter), ''))""",
    "rs_discrete(values_, p) AS list_extract(list_filter(values_, lambda v: v IS NOT NULL), "
    "CAST(greatest(ceil(p * len(list_filter(values_, lambda v: v IS NOT NULL))), 1) AS INTEGER))",
)

_HASHES: Final = (
    "rs_text_bytes(x) AS list_transform(range(0, CAST(strlen(x) AS BIGINT)), "
    "lambda i: CAST('0x' || substr(hex(encode(x)), CAST(i * 2 + 1 AS BIGINT), 2) AS HUGEINT))",
    "rs_blob_bytes(x) AS list_transform(range(0, CAST(octet_length(x) AS BIGINT)), "
    "lambda i: CAST('0x' || substr(hex(x), CAST(i * 2 + 1 AS BIGINT), 2) AS HUGEINT))",
    "rs_integer_bytes(x, width) AS list_transform(range(0, width), "
    "lambda i: (rs_unsigned(x) // CAST(pow(256, i) AS HUGEINT)) % 256)",
    "rs_signed(x) AS CAST(CASE WHEN x >= 9223372036854775808 THEN x - 18446744073709551616 ELSE x END AS BIGINT)",
    """rs_fnv1a(data, seed) AS CASE WHEN data IS NULL OR seed IS NULL THEN NULL ELSE rs_signed(list_reduce(
        list_prepend(CAST(seed AS HUGEINT), data),
        lambda h, b: (xor(h, b) * 1099511628211) % 18446744073709551616)) END""",
    # One byte of CRC-32, eight bits by the reflected polynomial.
    """rs_crc32_step(c) AS list_reduce(list_prepend(c, [0, 1, 2, 3, 4, 5, 6, 7]::HUGEINT[]),
        lambda a, b: CASE WHEN a % 2 = 1 THEN xor(a // 2, 3988292384) ELSE a // 2 END)""",
    """rs_crc32(x) AS CASE WHEN x IS NULL THEN NULL ELSE lpad(printf('%x', CAST(xor(list_reduce(
        list_prepend(4294967295::HUGEINT, rs_text_bytes(x)),
        lambda c, b: xor(c // 256, rs_crc32_step(xor(c, b) % 256))), 4294967295) AS BIGINT)), 8, '0') END""",
    """rs_strtol_digits(t, base, x) AS CASE
        WHEN t IN ('', '+', '-') THEN 0
        WHEN NOT regexp_full_match(t, '[+-]?[0-9a-z]+')
            OR list_max(list_transform(string_split(ltrim(t, '+-'), ''), lambda c:
                strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1)) >= base
            THEN error('The input ' || x || ' is not valid to be converted to base ' || base)
        ELSE CAST((CASE WHEN t[1] = '-' THEN -1 ELSE 1 END) * list_reduce(list_prepend(0::HUGEINT,
            list_transform(string_split(ltrim(t, '+-'), ''), lambda c:
                CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS HUGEINT))),
            lambda a, d: a * base + d) AS BIGINT) END""",
    # What C's strtol reads, and an error where text is left over.
    """rs_strtol(x, base) AS CASE
        WHEN x IS NULL OR base IS NULL THEN NULL
        WHEN base < 2 OR base > 36 THEN error('The input base must be between 2 and 36')
        ELSE rs_strtol_digits(
            CASE WHEN base = 16 THEN regexp_replace(lower(trim(x)), '^([+-]?)0x', '\\1') ELSE lower(trim(x)) END, base, x)
        END""",
    "rs_unhex(x) AS CASE WHEN regexp_full_match(x, '([0-9A-Fa-f]{2})*') THEN unhex(x) "
    "ELSE error('invalid hexadecimal string') END",
    "rs_get_bit(x, n) AS CASE WHEN n < 0 OR n >= octet_length(x) * 8 THEN error('index ' || n || ' out of valid range') "
    "ELSE CAST((rs_blob_bytes(x)[CAST(octet_length(x) - n // 8 AS BIGINT)] // CAST(pow(2, n % 8) AS HUGEINT)) % 2 "
    "AS INTEGER) END",
)

_DATES: Final = (
    """rs_add_months(x, n) AS CASE
        WHEN CAST(x AS DATE) = last_day(x)
            THEN CAST(last_day(x + to_months(CAST(n AS INTEGER))) AS TIMESTAMP) + (x - date_trunc('day', x))
        ELSE x + to_months(CAST(n AS INTEGER)) END""",
    # 29 February plus a year that has none is 1 March.
    """rs_add_years(x, n) AS CASE
        WHEN month(x) = 2 AND day(x) = 29 AND day(x + to_years(n)) = 28 THEN x + to_years(n) + INTERVAL 1 DAY
        ELSE x + to_years(n) END""",
    """rs_months_between(a, b) AS CASE
        WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b))
            THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
        ELSE (year(a) - year(b)) * 12 + month(a) - month(b) + (day(a) - day(b)
            + (epoch(a - date_trunc('day', a)) - epoch(b - date_trunc('day', b))) / 86400.0) / 31.0 END""",
    "rs_weeks_between(a, b) AS (date_diff('day', DATE '0001-01-07', b) + 2100000) // 7 "
    "- (date_diff('day', DATE '0001-01-07', a) + 2100000) // 7",
    "rs_eras_between(a, b, years) AS CAST((year(b) + years - 1) // years - (year(a) + years - 1) // years AS BIGINT)",
    "rs_era_start(x, years) AS make_timestamp(CAST((year(x) - 1) // years * years + 1 AS BIGINT), 1, 1, 0, 0, 0.0)",
    "rs_next_day(d, dow) AS CAST(d + CAST((dow - dayofweek(d) + 6) % 7 + 1 AS INTEGER) AS DATE)",
    "rs_timetz_utc(t) AS TIMESTAMP '1970-01-01' + to_seconds(CAST((hour(t) * 3600 + minute(t) * 60 + second(t) "
    "- date_part('timezone', t) + 172800) % 86400 AS BIGINT)) + to_microseconds(microsecond(t) % 1000000)",
)

_FORMATTING: Final = (
    """rs_ordinal_ending(x) AS CASE
        WHEN right(x, 2) IN ('11', '12', '13') THEN 'th'
        WHEN right(x, 1) = '1' THEN 'st' WHEN right(x, 1) = '2' THEN 'nd' WHEN right(x, 1) = '3' THEN 'rd'
        ELSE 'th' END""",
    """rs_ordinal(x, upper_case) AS x || CASE upper_case WHEN TRUE THEN upper(rs_ordinal_ending(trim(x)))
        ELSE rs_ordinal_ending(trim(x)) END""",
    """rs_roman(n) AS CASE WHEN n < 1 OR n > 3999 THEN repeat('#', 15) ELSE
        repeat('M', n // 1000)
        || list_extract(['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'], n // 100 % 10 + 1)
        || list_extract(['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'], n // 10 % 10 + 1)
        || list_extract(['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'], n % 10 + 1) END""",
    """rs_grouped(x, groups_) AS CASE WHEN len(groups_) = 0 THEN x ELSE array_to_string(list_transform(
        range(1, length(x) + 1), lambda i: substr(x, i, 1)
            || CASE WHEN list_contains(groups_, i) THEN CASE WHEN substr(x, i, 1) = ' ' THEN ' ' ELSE ',' END ELSE '' END
        ), '') END""",
    """rs_fraction(x, decimals, kept, fill) AS CASE
        WHEN fill THEN '.' || right(CAST(x AS VARCHAR), CAST(decimals AS INTEGER))
        ELSE '.' || rpad(rtrim(right(CAST(x AS VARCHAR), CAST(decimals AS INTEGER)), '0'),
            CAST(greatest(kept, length(rtrim(right(CAST(x AS VARCHAR), CAST(decimals AS INTEGER)), '0'))) AS INTEGER), '0')
        END""",
    """rs_whole_digits(x, decimals, zeros) AS lpad(
        CASE WHEN trunc(abs(x)) = 0 AND (decimals > 0 OR zeros > 0) THEN ''
            ELSE CAST(CAST(trunc(abs(x)) AS DECIMAL(38, 0)) AS VARCHAR) END,
        CAST(greatest(zeros, CASE WHEN trunc(abs(x)) = 0 AND (decimals > 0 OR zeros > 0) THEN 0
            ELSE length(CAST(CAST(trunc(abs(x)) AS DECIMAL(38, 0)) AS VARCHAR)) END) AS INTEGER), '0')""",
    # The digits of a rounded number in their places, blanks in front, separators only behind a digit.
    """rs_number_text(x, places, zeros, groups_, decimals, kept, fill) AS
        CASE WHEN length(rs_whole_digits(x, decimals, zeros)) > places
            THEN repeat('#', CAST(places AS INTEGER)) || CASE WHEN decimals > 0 THEN '.' || repeat('#', CAST(decimals AS INTEGER)) ELSE '' END
        ELSE rs_grouped(lpad(rs_whole_digits(x, decimals, zeros), CAST(places AS INTEGER), ' '), groups_)
            || CASE WHEN decimals > 0 THEN rs_fraction(x, decimals, kept, fill) ELSE '' END END""",
    # The sign right before the first digit, in a place of its own.
    """rs_sign_before(x, negative, minus, plus, fill) AS CASE
        WHEN fill THEN lpad(CASE WHEN negative THEN minus ELSE plus END || ltrim(x), CAST(length(x) + 1 AS INTEGER), ' ')
        ELSE trim(CASE WHEN negative THEN minus ELSE plus END) || trim(x) END""",
    """rs_sign_around(x, negative, fill) AS CASE
        WHEN fill THEN CASE WHEN negative THEN lpad('<' || ltrim(x) || '>', CAST(length(x) + 2 AS INTEGER), ' ')
            ELSE ' ' || x || ' ' END
        ELSE CASE WHEN negative THEN '<' || trim(x) || '>' ELSE trim(x) END END""",
    """rs_sign_beside(x, negative, minus, plus, last, fill) AS CASE
        WHEN last THEN CASE WHEN fill THEN x ELSE trim(x) END || CASE WHEN negative THEN minus ELSE plus END
        ELSE CASE WHEN negative THEN minus ELSE plus END || CASE WHEN fill THEN x ELSE trim(x) END END""",
    """rs_to_number(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN NOT regexp_matches(x, '[0-9]') THEN error('invalid input syntax for type numeric: "' || x || '"')
        ELSE CASE WHEN strpos(x, '-') > 0 OR strpos(x, '<') > 0 THEN '-' ELSE '' END
            || regexp_replace(x, '[^0-9.]', '', 'g') END""",
    """rs_matching(x, pattern) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN regexp_matches(x, pattern) THEN x
        ELSE error('invalid value "' || x || '" for the date format') END""",
    """rs_month_number(x) AS CASE
        WHEN strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3))) % 3 = 1
            THEN (strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3))) + 2) // 3
        ELSE error('invalid value "' || x || '" for "Month"') END""",
    """rs_year_of(y, short) AS CASE
        WHEN y IS NOT NULL THEN CAST(replace(y, ',', '') AS INTEGER)
        WHEN short IS NOT NULL THEN CAST(short AS INTEGER) + CASE
            WHEN length(short) = 3 THEN CASE WHEN CAST(short AS INTEGER) < 100 THEN 2000 ELSE 1000 END
            WHEN length(short) = 1 THEN 2000
            WHEN CAST(short AS INTEGER) < 70 THEN 2000 ELSE 1900 END
        ELSE 1 END""",
    """rs_build_date(checked, y, short, m, d, doy, julian_, strict) AS CASE
        WHEN checked IS NULL THEN NULL
        WHEN julian_ IS NOT NULL THEN CAST(DATE '1970-01-01' + (CAST(julian_ AS INTEGER) - 2440588) AS TIMESTAMP)
        WHEN strict AND (coalesce(CAST(m AS INTEGER), 1) NOT BETWEEN 1 AND 12 OR coalesce(CAST(d AS INTEGER), 1) < 1
            OR coalesce(CAST(d AS INTEGER), 1) > CASE WHEN coalesce(CAST(m AS INTEGER), 1) NOT BETWEEN 1 AND 12 THEN 31
                ELSE day(last_day(make_date(CAST(rs_year_of(y, short) AS BIGINT), coalesce(CAST(m AS BIGINT), 1), 1))) END)
            THEN error('date/time field date value out of range: ' || rs_year_of(y, short) || '-'
                || coalesce(CAST(m AS INTEGER), 1) || '-' || coalesce(CAST(d AS INTEGER), 1))
        ELSE make_timestamp(CAST(rs_year_of(y, short) AS BIGINT), 1, 1, 0, 0, 0.0)
            + to_months(CAST(coalesce(CAST(m AS INTEGER), 1) - 1 AS INTEGER))
            + to_days(CAST(coalesce(CAST(doy AS INTEGER), CAST(d AS INTEGER), 1) - 1 AS INTEGER)) END""",
    """rs_build_clock(h, mi, s, ms, us, half, strict) AS CASE
        WHEN strict AND (coalesce(CAST(h AS INTEGER), 0) > 23 OR coalesce(CAST(mi AS INTEGER), 0) > 59
            OR coalesce(CAST(s AS INTEGER), 0) > 59)
            THEN error('date/time field time value out of range: ' || coalesce(h, '0') || ':' || coalesce(mi, '0') || ':'
                || coalesce(CAST(CAST(s AS DOUBLE) AS VARCHAR), '0.0'))
        ELSE to_hours(CASE
                WHEN half IS NULL THEN coalesce(CAST(h AS BIGINT), 0)
                ELSE coalesce(CAST(h AS BIGINT), 0) % 12 + CASE WHEN lower(left(half, 1)) = 'p' THEN 12 ELSE 0 END END)
            + to_minutes(coalesce(CAST(mi AS BIGINT), 0)) + to_seconds(coalesce(CAST(s AS BIGINT), 0))
            + to_microseconds(coalesce(CAST(rpad(ms, 3, '0') AS BIGINT), 0) * 1000
                + coalesce(CAST(rpad(us, 6, '0') AS BIGINT), 0)) END""",
)

_JSON: Final = (
    """rs_is_json(x, opening) AS CASE WHEN x IS NULL THEN NULL
        ELSE coalesce(json_valid(x) AND left(ltrim(x, e' \\t\\n\\r'), 1) = opening, FALSE) END""",
    """rs_json_parse(x) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN json_valid(x) THEN json(x)
        ELSE error('JSON parsing error: invalid JSON: ' || left(x, 80)) END""",
    """rs_json_serialize(x) AS CASE
        WHEN strlen(CAST(x AS VARCHAR)) > 65535 THEN error('The JSON text is longer than 65535 bytes')
        ELSE CAST(x AS VARCHAR) END""",
    """rs_json_typeof(x) AS CASE json_type(x)
        WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
        WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE CASE WHEN x IS NULL THEN NULL ELSE 'number' END END""",
    """rs_json_checked(x, lenient) AS CASE
        WHEN x IS NULL THEN NULL
        WHEN json_valid(x) THEN x
        WHEN lenient THEN NULL
        ELSE error('JSON parsing error: invalid JSON: ' || left(x, 80)) END""",
    """rs_json_path_text(x, path, lenient) AS CASE
        WHEN x IS NULL OR path IS NULL THEN NULL
        WHEN lenient AND NOT json_valid(x) THEN NULL
        ELSE coalesce(json_extract_string(rs_json_checked(x, lenient), path), '') END""",
    """rs_json_step(name) AS '."' || replace(replace(name, '\\', '\\\\'), '"', '\\"') || '"'""",
    """rs_json_array_length(x, lenient) AS CASE
        WHEN x IS NULL OR (lenient AND NOT json_valid(x)) THEN NULL
        WHEN json_type(rs_json_checked(x, lenient)) = 'ARRAY' THEN CAST(json_array_length(x) AS INTEGER)
        WHEN lenient THEN NULL
        ELSE error('JSON parsing error: not a JSON array: ' || left(x, 80)) END""",
    """rs_json_element(x, n, lenient) AS CASE
        WHEN x IS NULL OR n IS NULL OR (lenient AND NOT json_valid(x)) THEN NULL
        WHEN n < 0 THEN ''
        WHEN json_type(rs_json_checked(x, lenient)) = 'ARRAY'
            THEN coalesce(json_extract_string(x, '$[' || n || ']'), '')
        WHEN lenient THEN NULL
        ELSE error('JSON parsing error: not a JSON array: ' || left(x, 80)) END""",
)

_SUPER: Final = (
    "rs_super_element(x, n) AS CASE WHEN n < 0 THEN NULL ELSE json_extract(x, '$[' || n || ']') END",
    "rs_super_is_null(x) AS x IS NULL OR json_type(x) = 'NULL'",
    "rs_super_text(x) AS CASE WHEN json_type(x) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string(x, '$') END",
    "rs_super_string(x) AS CASE WHEN json_type(x) = 'VARCHAR' THEN rtrim(json_extract_string(x, '$')) END",
    "rs_super_number(x) AS CASE WHEN json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE') "
    "THEN TRY_CAST(json_extract_string(x, '$') AS DOUBLE) END",
    # Equal values of any type have equal keys: numbers by value, strings without trailing blanks.
    """rs_super_key(x) AS CASE
        WHEN json_type(x) = 'NULL' THEN NULL
        WHEN json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT') THEN CAST(x AS VARCHAR)
        WHEN json_type(x) = 'DOUBLE' THEN regexp_replace(CAST(x AS VARCHAR), '\\.0+$', '')
        WHEN json_type(x) = 'VARCHAR' THEN '"' || rtrim(json_extract_string(x, '$'))
        ELSE CAST(x AS VARCHAR) END""",
    """rs_super_order(x) AS CASE WHEN x IS NULL OR json_type(x) = 'NULL' THEN NULL ELSE {
        'rank': CASE json_type(x) WHEN 'BOOLEAN' THEN 0 WHEN 'VARCHAR' THEN 2 WHEN 'ARRAY' THEN 3 WHEN 'OBJECT' THEN 4
            ELSE 1 END,
        'number': coalesce(rs_super_number(x), 0),
        'text': coalesce(json_extract_string(x, '$'), '')} END""",
    """rs_super_compare(a, b, answer) AS CASE
        WHEN rs_super_number(a) IS NOT NULL AND rs_super_number(b) IS NOT NULL THEN answer
        WHEN rs_super_string(a) IS NOT NULL AND rs_super_string(b) IS NOT NULL THEN answer END""",
    "rs_super_elements(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') ELSE [] END",
    "rs_super_indexes(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN range(0, CAST(json_array_length(x) AS BIGINT)) ELSE [] END",
    "rs_super_keys(x) AS CASE WHEN json_type(x) = 'OBJECT' THEN list_transform(json_keys(x), lambda k: to_json(k)) ELSE [] END",
    """rs_super_values(x) AS CASE WHEN json_type(x) = 'OBJECT' THEN list_transform(json_keys(x), lambda k:
        json_extract(x, '$.' || '"' || replace(replace(k, '\\', '\\\\'), '"', '\\"') || '"')) ELSE [] END""",
    """rs_super_fits(x, bits) AS coalesce(json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT')
        AND TRY_CAST(json_extract_string(x, '$') AS HUGEINT)
            BETWEEN -CAST(pow(2, bits) AS HUGEINT) AND CAST(pow(2, bits) AS HUGEINT) - 1, FALSE)""",
    "rs_super_digits(x) AS regexp_replace(json_extract_string(x, '$'), '^-', '')",
    """rs_super_precision(x) AS CASE WHEN json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')
        THEN CAST(length(replace(rs_super_digits(x), '.', '')) AS INTEGER) END""",
    """rs_super_scale(x) AS CASE WHEN json_type(x) IN ('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')
        THEN CAST(CASE WHEN strpos(rs_super_digits(x), '.') = 0 THEN 0
            ELSE length(rs_super_digits(x)) - strpos(rs_super_digits(x), '.') END AS INTEGER) END""",
    "rs_array_of(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') END",
    "rs_array_concat(a, b) AS to_json(list_concat(rs_array_of(a), rs_array_of(b)))",
    "rs_array_length(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN CAST(json_array_length(x) AS INTEGER) END",
    """rs_array_flatten(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN to_json(flatten(list_transform(rs_array_of(x),
        lambda e: CASE WHEN json_type(e) = 'ARRAY' THEN json_extract(e, '$[*]') ELSE [e] END))) END""",
    """rs_subarray(x, start, n) AS CASE WHEN json_type(x) = 'ARRAY' THEN to_json(list_slice(rs_array_of(x),
        CAST(greatest(start, 0) + 1 AS BIGINT), CAST(start AS BIGINT) + n)) END""",
)

MACROS: Final[tuple[str, ...]] = tuple(
    f"CREATE OR REPLACE MACRO {body}"
    for body in (*_CONVERSIONS, *_NUMBERS, *_TEXT, *_HASHES, *_DATES, *_FORMATTING, *_JSON, *_SUPER)
)
