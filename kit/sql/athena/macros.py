"""DuckDB macros that the translation's text calls. The executor installs them once in each database that it opens.

A macro is expanded where it is called, like a template, and may use an argument more than once (DuckDB computes it once).
No macro contains a subquery, for lambdas take none. Errors are raised by an impossible cast, because DuckDB's `error()`
is volatile and may not stand inside TRY; the cast stands in a result, never in a condition, because DuckDB computes
constant conditions beforehand. `errors.from_engine` reads the errors back.
"""

from __future__ import annotations

from typing import Final

_ERRORS: Final = {
    "kit_check(bad, message, value)": (
        "CASE WHEN bad THEN [NULL][CAST(CAST(message AS BOOLEAN) AS INTEGER)] ELSE value END"
    ),
}

_NUMBERS: Final = {
    "kit_unscaled(value, factor)": (
        "CAST(trunc(value) AS HUGEINT) * factor + CAST((value - trunc(value)) * factor AS HUGEINT)"
    ),
    "kit_quotient(dividend, divisor)": (
        "(dividend) // (divisor) + CASE WHEN abs((dividend) % (divisor)) * 2 >= abs(divisor)"
        " THEN CASE WHEN ((dividend) < 0) = ((divisor) < 0) THEN 1 ELSE -1 END ELSE 0 END"
    ),
    "kit_cbrt(value)": "CASE WHEN round(cbrt(value)) * round(cbrt(value)) * round(cbrt(value)) = value THEN round(cbrt(value)) ELSE cbrt(value) END",
    "kit_from_base(text, radix)": (
        "kit_check(radix < 2 OR radix > 36, 'INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36',"
        " kit_check(NOT regexp_full_match(lower(text), '[-+]?[0-9a-z]+') OR len(list_filter(kit_digits(text), lambda d: d >= radix)) > 0,"
        " 'INVALID_FUNCTION_ARGUMENT: Not a valid base-' || radix || ' number: ' || text,"
        " CAST(list_reduce(kit_digits(text), lambda s, d: s * radix + d, CAST(0 AS HUGEINT))"
        " * CASE WHEN starts_with(text, '-') THEN -1 ELSE 1 END AS BIGINT)))"
    ),
    "kit_to_base(value, radix)": (
        "kit_check(radix < 2 OR radix > 36, 'INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36',"
        " CASE WHEN value < 0 THEN '-' ELSE '' END || lower(to_base(abs(value), CAST(radix AS INTEGER))))"
    ),
    "kit_width_bucket(operand, low, high, buckets)": (
        "kit_check(buckets <= 0, 'INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0',"
        " kit_check(low = high, 'INVALID_FUNCTION_ARGUMENT: bounds cannot equal each other',"
        " CASE WHEN low < high THEN CASE WHEN operand < low THEN 0 WHEN operand >= high THEN buckets + 1"
        " ELSE CAST(floor(buckets * (operand - low) / (high - low)) AS BIGINT) + 1 END"
        " ELSE CASE WHEN operand > low THEN 0 WHEN operand <= high THEN buckets + 1"
        " ELSE CAST(floor(buckets * (low - operand) / (low - high)) AS BIGINT) + 1 END END))"
    ),
    "kit_wilson(successes, trials, z, sign)": (
        "(successes + z * z / 2 + sign * z * sqrt(successes * (trials - successes) / trials + z * z / 4)) / (trials + z * z)"
    ),
    "kit_bit_count(value, bits)": (
        "kit_check(bits < 2 OR bits > 64, 'INVALID_FUNCTION_ARGUMENT: Bits specified in bit_count must be between 2 and 64, got ' || bits,"
        " kit_check(bits < 64 AND (value >= (CAST(1 AS HUGEINT) << (bits - 1)) OR value < -(CAST(1 AS HUGEINT) << (bits - 1))),"
        " 'INVALID_FUNCTION_ARGUMENT: Number must be representable with the bits specified. ' || value || ' cannot be represented with ' || bits || ' bits',"
        " CAST(bit_count(value) - CASE WHEN value < 0 THEN 64 - bits ELSE 0 END AS BIGINT)))"
    ),
    "kit_wrap(value, bits)": (
        "((value + (CAST(1 AS HUGEINT) << (bits - 1))) % (CAST(1 AS HUGEINT) << bits) + (CAST(1 AS HUGEINT) << bits))"
        " % (CAST(1 AS HUGEINT) << bits) - (CAST(1 AS HUGEINT) << (bits - 1))"
    ),
    "kit_shift_left(value, shift, bits)": (
        "CASE WHEN shift >= bits THEN 0 ELSE kit_wrap((CAST(value AS HUGEINT) * (CAST(1 AS HUGEINT) << shift)), bits) END"
    ),
    "kit_shift_right(value, shift, bits)": (
        "CASE WHEN shift >= bits THEN 0 WHEN shift = 0 THEN value"
        " ELSE CASE WHEN value < 0 THEN CAST(value AS HUGEINT) + (CAST(1 AS HUGEINT) << bits) ELSE value END"
        " // (CAST(1 AS HUGEINT) << shift) END"
    ),
    "kit_months(value)": "(extract(year FROM value) * 12 + extract(month FROM value))",
}

_TEXT: Final = {
    "kit_scientific_digits(digits, exponent)": (
        "digits[1] || '.' || CASE WHEN length(digits) > 1 THEN digits[2:] ELSE '0' END || 'E' || CAST(exponent AS VARCHAR)"
    ),
    "kit_scientific_parts(whole, fraction, exponent)": (
        "kit_scientific_digits(rtrim(ltrim(whole || fraction, '0'), '0'), exponent + length(whole) - 1"
        " - (length(whole || fraction) - length(ltrim(whole || fraction, '0'))))"
    ),
    "kit_scientific(text)": (
        "kit_scientific_parts(split_part(split_part(text, 'e', 1), '.', 1), split_part(split_part(text, 'e', 1), '.', 2),"
        " coalesce(TRY_CAST(split_part(text, 'e', 2) AS INTEGER), 0))"
    ),
    "kit_special_float(value, zero, other)": (
        "CASE WHEN value IS NULL THEN NULL WHEN isnan(value) THEN 'NaN'"
        " WHEN isinf(value) THEN CASE WHEN value > 0 THEN 'Infinity' ELSE '-Infinity' END"
        " WHEN value = 0 THEN CASE WHEN signbit(value) THEN '-' || zero ELSE zero END"
        " WHEN value < 0 THEN '-' || other ELSE other END"
    ),
    "kit_float_text(value)": "kit_special_float(value, '0E0', kit_scientific(CAST(abs(value) AS VARCHAR)))",
    "kit_java_double(value)": (
        "kit_special_float(value, '0.0', CASE WHEN abs(value) >= 0.001 AND abs(value) < 10000000"
        " THEN CAST(abs(value) AS VARCHAR) ELSE kit_scientific(CAST(abs(value) AS VARCHAR)) END)"
    ),
    "kit_is_integer(text)": "regexp_full_match(text, '\\s*[+-]?[0-9]+\\s*')",
    "kit_is_decimal(text)": "regexp_full_match(text, '\\s*[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*')",
    "kit_is_double(text)": (
        "regexp_full_match(text, '\\s*[+-]?(NaN|Infinity|([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)\\s*')"
    ),
    "kit_double(text)": "rtrim(trim(text), 'dDfF')",
    "kit_boolean(text)": (
        "CASE WHEN lower(text) IN ('t', '1', 'true') THEN true WHEN lower(text) IN ('f', '0', 'false') THEN false"
        " ELSE kit_check(text IS NOT NULL, 'INVALID_CAST_ARGUMENT: Cannot cast ''' || text || ''' to BOOLEAN', NULL) END"
    ),
    "kit_is_uuid(text)": "regexp_full_match(text, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')",
    "kit_substr(text, start, count)": (
        "CASE WHEN start = 0 OR count <= 0 OR start > length(text) OR -start > length(text) THEN left(text, 0)"
        " ELSE substr(text, start, count) END"
    ),
    "kit_substr_hex(digits, start, count)": (
        "CASE WHEN start = 0 OR count <= 0 OR start * 2 > length(digits) OR -start * 2 > length(digits) THEN left(digits, 0)"
        " ELSE substr(digits, CASE WHEN start > 0 THEN start * 2 - 1 ELSE start * 2 END, least(count, 1073741823) * 2) END"
    ),
    "kit_pad(text, size, filler)": (
        "kit_check(size < 0 OR size > 2147483647, 'INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]',"
        " kit_check(filler = '', 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty', text))"
    ),
    "kit_lpad(text, size, filler)": "lpad(kit_pad(text, size, filler), CAST(size AS INTEGER), filler)",
    "kit_rpad(text, size, filler)": "rpad(kit_pad(text, size, filler), CAST(size AS INTEGER), filler)",
    "kit_codepoint(text)": (
        "kit_check(length(text) <> 1, 'INVALID_FUNCTION_ARGUMENT: Input string must be a single character string', unicode(text))"
    ),
    "kit_characters(text)": "CASE WHEN text = '' THEN [] ELSE string_split(text, '') END",
    "kit_digits(text)": (
        "list_transform(kit_characters(ltrim(lower(text), '+-')), lambda c: CASE WHEN c BETWEEN '0' AND '9' THEN unicode(c) - 48 ELSE unicode(c) - 87 END)"
    ),
    "kit_hamming(a, b)": (
        "kit_check(length(a) <> length(b), 'INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the same length',"
        " CAST(len(list_filter(list_zip(kit_characters(a), kit_characters(b)), lambda p: p[1] <> p[2])) AS BIGINT))"
    ),
    "kit_levenshtein(a, b)": (
        "kit_check(octet_length(encode(a)) <> length(a) OR octet_length(encode(b)) <> length(b),"
        " 'NOT_SUPPORTED: levenshtein_distance of text that is not ASCII', levenshtein(a, b))"
    ),
    "kit_luhn(text)": (
        "CASE WHEN text IS NULL THEN NULL ELSE kit_check(NOT regexp_full_match(text, '[0-9]+'), 'INVALID_FUNCTION_ARGUMENT: Input is not a number',"
        " list_sum(list_transform(list_reverse(kit_digits(text)), lambda d, i: CASE WHEN i % 2 = 1 THEN d WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END)) % 10 = 0) END"
    ),
    "kit_replace(text, search, replacement)": (
        "CASE WHEN search = '' THEN replacement || array_to_string(list_transform(kit_characters(text), lambda c: c || replacement), '')"
        " ELSE replace(text, search, replacement) END"
    ),
    "kit_soundex_code(text)": "translate(upper(text), 'BFPVCGJKQSXZDTLMNRAEIOUYHW', '11112222222233455600000099')",
    "kit_soundex(text)": (
        "CASE WHEN text IS NULL THEN NULL WHEN NOT regexp_full_match(text, '[A-Za-z]*')"
        " THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: The input text must contain letters only', NULL)"
        " WHEN text = '' THEN '' ELSE rpad(left(upper(text[1]) || replace(substr(regexp_replace(regexp_replace(replace(kit_soundex_code(text), '9', ''),"
        " '1+', '1', 'g'), '(22+)|(33+)|(44+)|(55+)|(66+)', '\\1', 'g'), 2), '0', ''), 4), 4, '0') END"
    ),
    "kit_delimited(delimiter, value)": (
        "kit_check(delimiter = '', 'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string', value)"
    ),
    "kit_split(text, delimiter)": "kit_delimited(delimiter, string_split(text, delimiter))",
    "kit_split_limit(text, delimiter, most)": (
        "kit_check(most <= 0, 'INVALID_FUNCTION_ARGUMENT: Limit must be positive', CASE WHEN len(kit_split(text, delimiter)) <= most"
        " THEN kit_split(text, delimiter) ELSE list_concat(list_slice(kit_split(text, delimiter), 1, most - 1),"
        " [array_to_string(list_slice(kit_split(text, delimiter), most, len(kit_split(text, delimiter))), delimiter)]) END)"
    ),
    "kit_split_part(text, delimiter, position)": (
        "kit_check(position <= 0, 'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero', CASE WHEN delimiter = ''"
        " THEN CASE WHEN position <= length(text) THEN text[CAST(position AS INTEGER)] END"
        " ELSE string_split(text, delimiter)[position] END)"
    ),
    "kit_pair(entry, separator)": (
        "kit_check(instr(entry, separator) = 0, 'INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each entry. Bad input: ''' || entry || '''',"
        " {'key': left(entry, instr(entry, separator) - 1), 'value': substr(entry, instr(entry, separator) + length(separator))})"
    ),
    "kit_pairs(text, entries, separator)": (
        "list_transform(list_filter(string_split(text, entries), lambda e: e <> ''), lambda e: kit_pair(e, separator))"
    ),
    "kit_split_to_map(text, entries, separator)": (
        "CASE WHEN len(list_distinct(list_transform(kit_pairs(text, entries, separator), lambda p: p.key))) < len(kit_pairs(text, entries, separator))"
        " THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Duplicate keys are not allowed', NULL)"
        " ELSE map_from_entries(kit_pairs(text, entries, separator)) END"
    ),
    "kit_strpos_from(text, search, nth)": (
        "list_reduce(range(nth), lambda found, step: CASE WHEN found < 0 THEN found"
        " WHEN instr(substr(text, found + 1), search) = 0 THEN -1 ELSE found + instr(substr(text, found + 1), search) END, CAST(0 AS BIGINT))"
    ),
    "kit_strpos(text, search, nth)": (
        "kit_check(nth = 0, 'INVALID_FUNCTION_ARGUMENT: ''instance'' must be a positive or negative number.', CASE"
        " WHEN text IS NULL OR search IS NULL OR nth IS NULL THEN NULL WHEN search = '' THEN 1"
        " WHEN nth > 0 THEN greatest(kit_strpos_from(text, search, nth), 0)"
        " ELSE CASE WHEN kit_strpos_from(reverse(text), reverse(search), -nth) <= 0 THEN 0"
        " ELSE length(text) - kit_strpos_from(reverse(text), reverse(search), -nth) - length(search) + 2 END END)"
    ),
    "kit_regexp_position(text, pattern, start)": (
        "kit_check(start < 1, 'INVALID_FUNCTION_ARGUMENT: start position cannot be smaller than 1', CASE WHEN text IS NULL OR pattern IS NULL THEN NULL"
        " WHEN start > length(text) + 1 OR NOT regexp_matches(substr(text, start), pattern) THEN -1"
        " ELSE CAST(start + length(regexp_extract(substr(text, start), '(?s)^(.*?)(?:' || pattern || ')', 1)) AS INTEGER) END)"
    ),
    "kit_grouped(text)": (
        "regexp_extract(text, '^-?') || reverse(regexp_replace(reverse(regexp_extract(text, '^-?([0-9]+)', 1)), '([0-9]{3})', '\\1,', 'g')).ltrim(',')"
        " || regexp_extract(text, '\\..*$')"
    ),
    "kit_zero_padded(text, size)": (
        "regexp_extract(text, '^[-+ ]?') || lpad(ltrim(text, '-+ '), CAST(greatest(size - length(regexp_extract(text, '^[-+ ]?')),"
        " length(ltrim(text, '-+ '))) AS INTEGER), '0')"
    ),
    "kit_url_unescape(text)": "url_decode(replace(text, '+', ' '))",
    "kit_url_parameter(query, name)": (
        "CASE WHEN query IS NULL OR name IS NULL THEN NULL ELSE kit_url_unescape(list_filter(list_transform(string_split(query, '&'),"
        " lambda p: CASE WHEN contains(p, '=') THEN [left(p, instr(p, '=') - 1), substr(p, instr(p, '=') + 1)] ELSE [p, ''] END),"
        " lambda p: p[1] = name)[1][2]) END"
    ),
}

_BINARY: Final = {
    "kit_from_base64url(text)": (
        "from_base64(rpad(replace(replace(rtrim(text, '='), '-', '+'), '_', '/'), CAST(ceil(length(rtrim(text, '=')) / 4) * 4 AS INTEGER), '='))"
    ),
    "kit_hex_value(digits)": "list_reduce(kit_digits(digits), lambda s, d: s * 16 + d, CAST(0 AS HUGEINT))",
    "kit_from_big_endian_32(bytes)": (
        "kit_check(octet_length(bytes) <> 4, 'INVALID_FUNCTION_ARGUMENT: expected 4-byte input, but got instead: ' || octet_length(bytes),"
        " CAST(kit_wrap(kit_hex_value(hex(bytes)), 32) AS INTEGER))"
    ),
    "kit_from_big_endian_64(bytes)": (
        "kit_check(octet_length(bytes) <> 8, 'INVALID_FUNCTION_ARGUMENT: expected 8-byte input, but got instead: ' || octet_length(bytes),"
        " CAST(kit_wrap(kit_hex_value(hex(bytes)), 64) AS BIGINT))"
    ),
    "kit_to_big_endian(value, digits)": (
        "unhex(lpad(to_hex(CASE WHEN value < 0 THEN CAST(value AS HUGEINT) + (CAST(1 AS HUGEINT) << (digits * 4)) ELSE CAST(value AS HUGEINT) END), digits, '0'))"
    ),
    "kit_reverse_bytes(bytes)": ("unhex(array_to_string(list_reverse(regexp_extract_all(hex(bytes), '..')), ''))"),
}

_TIMES: Final = {
    "kit_now()": "date_trunc('millisecond', coalesce(CAST(getvariable('kit_now') AS TIMESTAMP WITH TIME ZONE), now()))",
    "kit_round_timestamp(value, unit)": (
        "make_timestamp(CAST((epoch_us(value) + unit // 2 - (((epoch_us(value) + unit // 2) % unit) + unit) % unit) AS BIGINT))"
    ),
    "kit_is_date(text)": "regexp_full_match(text, '\\s*[+-]?[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}\\s*')",
    "kit_timestamp_shape()": "'\\s*[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]+)?)?)?'",
    "kit_is_timestamp(text)": "regexp_full_match(text, kit_timestamp_shape() || '\\s*')",
    "kit_is_time(text)": "regexp_full_match(text, '\\s*[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]+)?)?\\s*')",
    "kit_timestamp(text, places)": (
        "CASE WHEN places >= 6 THEN CAST(trim(text) AS TIMESTAMP)"
        " ELSE kit_round_timestamp(CAST(trim(text) AS TIMESTAMP), CAST(pow(10, 6 - places) AS BIGINT)) END"
    ),
    "kit_is_offset(zone)": "regexp_full_match(zone, '[+-][0-9]{1,2}(:?[0-9]{2})?')",
    "kit_zone(zone)": (
        "CASE WHEN zone IN ('Z', 'UTC', 'GMT', 'UT', 'Zulu', 'Etc/UTC', 'Etc/GMT', '+00:00', '-00:00', '+0000', '-0000', '+00', '-00') THEN 'UTC'"
        " WHEN kit_is_offset(zone) THEN left(zone, 1) || lpad(regexp_extract(zone, '^.([0-9]{1,2})', 1), 2, '0') || ':'"
        " || lpad(regexp_extract(zone, '^.[0-9]{1,2}:?([0-9]{2})$', 1), 2, '0') ELSE zone END"
    ),
    "kit_offset_minutes(zone)": (
        "(CAST(left(zone, 3) AS INTEGER) * 60 + CAST(left(zone, 1) || right(zone, 2) AS INTEGER))"
    ),
    "kit_local(moment, zone)": (
        "CASE WHEN zone = 'UTC' THEN timezone('UTC', moment) WHEN kit_is_offset(zone)"
        " THEN timezone('UTC', moment) + to_minutes(kit_offset_minutes(zone)) ELSE timezone(zone, moment) END"
    ),
    "kit_instant(wall, zone)": (
        "CASE WHEN zone = 'UTC' THEN timezone('UTC', wall) WHEN kit_is_offset(zone)"
        " THEN timezone('UTC', wall - to_minutes(kit_offset_minutes(zone))) ELSE timezone(zone, wall) END"
    ),
    "kit_zoned(wall, zone)": (
        "CASE WHEN wall IS NULL OR zone IS NULL THEN NULL ELSE {'t': kit_instant(wall, kit_zone(zone)), 'z': kit_zone(zone)} END"
    ),
    "kit_is_zoned(text)": "regexp_matches(text, '^' || kit_timestamp_shape() || '\\s*([A-Za-z+-].*)?$')",
    "kit_zoned_text(text, places)": (
        "kit_zoned(kit_timestamp(regexp_extract(text, '^' || kit_timestamp_shape()), places),"
        " coalesce(nullif(trim(regexp_replace(text, '^' || kit_timestamp_shape(), '')), ''), 'UTC'))"
    ),
    "kit_zone_at_end(text)": "regexp_extract(text, '(Z|[+-][0-9]{2}:?[0-9]{2}|[A-Za-z]+(/[A-Za-z_]+)*)$')",
    "kit_offset_text(wall, moment, colon)": (
        "CASE WHEN epoch_us(wall) < epoch_us(moment) THEN '-' ELSE '+' END"
        " || lpad(CAST(abs(epoch_us(wall) - epoch_us(moment)) // 3600000000 AS VARCHAR), 2, '0') || colon"
        " || lpad(CAST(abs(epoch_us(wall) - epoch_us(moment)) // 60000000 % 60 AS VARCHAR), 2, '0')"
    ),
    "kit_iso_offset(wall, moment, zone)": (
        "CASE WHEN zone = 'UTC' THEN 'Z' ELSE kit_offset_text(wall, moment, ':') END"
    ),
    "kit_zone_name(wall, zone, form)": (
        "CASE form WHEN 'Z1' THEN kit_offset_text(wall, kit_instant(wall, zone), '')"
        " WHEN 'Z2' THEN kit_offset_text(wall, kit_instant(wall, zone), ':') ELSE zone END"
    ),
    "kit_timezone_hour(wall, moment)": "CAST(trunc((epoch_us(wall) - epoch_us(moment)) / 3600000000) AS BIGINT)",
    "kit_timezone_minute(wall, moment)": "((epoch_us(wall) - epoch_us(moment)) // 60000000 % 60)",
    "kit_iso_shape()": (
        "'([0-9]{4,6})(-[0-9]{2}(-[0-9]{2})?)?(T[0-9]{2}(:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?'"
    ),
    "kit_iso_moment(day, clock)": (
        "date_trunc('millisecond', CAST(day || CASE length(day) WHEN 4 THEN '-01-01' WHEN 7 THEN '-01' ELSE '' END || ' '"
        " || CASE length(clock) WHEN 0 THEN '00:00' WHEN 2 THEN clock || ':00' ELSE replace(clock, ',', '.') END AS TIMESTAMP))"
    ),
    "kit_iso_wall(text)": ("kit_iso_moment(regexp_extract(text, '^[^T]*'), regexp_extract(text, 'T([0-9:.,]+)', 1))"),
    "kit_iso_timestamp(text)": (
        "kit_check(NOT regexp_full_match(text, kit_iso_shape()), 'INVALID_FUNCTION_ARGUMENT: Invalid format: \"' || text || '\"',"
        " kit_zoned(kit_iso_wall(text), coalesce(nullif(regexp_extract(text, 'T[0-9:.,]+(Z|[+-][0-9:]+)$', 1), ''), 'UTC')))"
    ),
    "kit_iso_date(text)": (
        "kit_check(NOT regexp_full_match(text, '[0-9]{4,6}-[0-9]{2}-[0-9]{2}'), 'INVALID_FUNCTION_ARGUMENT: Invalid format: \"' || text || '\"', CAST(text AS DATE))"
    ),
    "kit_pivot(moment)": "CASE WHEN year(moment) = 1969 THEN moment + to_years(100) ELSE moment END",
    "kit_series(first, last, step, value)": (
        "kit_check(step = 0, 'INVALID_FUNCTION_ARGUMENT: interval must not be zero',"
        " kit_check((step > 0 AND last < first) OR (step < 0 AND last > first),"
        " 'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',"
        " kit_check(len(value) > 10000, 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries', value)))"
    ),
    "kit_moments(first, last, step)": (
        "kit_series(first, last, epoch_us(step), generate_series(CAST(first AS TIMESTAMP), CAST(last AS TIMESTAMP), step))"
    ),
    "kit_months_apart(first, last, step)": (
        "kit_series(first, last, step, list_transform(range(date_sub('month', first, last) // step + 1), lambda i: first + to_months(CAST(i * step AS INTEGER))))"
    ),
    "kit_duration(text)": (
        "kit_check(NOT regexp_full_match(text, '\\s*[0-9]+(\\.[0-9]+)?\\s*(ns|us|ms|s|m|h|d)\\s*'),"
        " 'INVALID_FUNCTION_ARGUMENT: duration is not a valid data duration string: ' || text,"
        " to_milliseconds(CAST(round(CAST(regexp_extract(text, '[0-9.]+') AS DOUBLE) * CASE regexp_extract(text, '[a-z]+')"
        " WHEN 'ns' THEN 0.000001 WHEN 'us' THEN 0.001 WHEN 'ms' THEN 1 WHEN 's' THEN 1000 WHEN 'm' THEN 60000 WHEN 'h' THEN 3600000 ELSE 86400000 END) AS BIGINT)))"
    ),
    "kit_clock_text(micros)": (
        "CAST(micros // 86400000000 AS VARCHAR) || ' ' || lpad(CAST(micros // 3600000000 % 24 AS VARCHAR), 2, '0') || ':'"
        " || lpad(CAST(micros // 60000000 % 60 AS VARCHAR), 2, '0') || ':' || lpad(CAST(micros // 1000000 % 60 AS VARCHAR), 2, '0')"
        " || '.' || lpad(CAST(micros // 1000 % 1000 AS VARCHAR), 3, '0')"
    ),
    "kit_interval_day_text(value)": (
        "CASE WHEN epoch_us(value) < 0 THEN '-' ELSE '' END || kit_clock_text(abs(epoch_us(value)))"
    ),
    "kit_interval_year_text(value)": (
        "CASE WHEN kit_months(value) < 0 THEN '-' ELSE '' END || CAST(abs(kit_months(value)) // 12 AS VARCHAR) || '-'"
        " || CAST(abs(kit_months(value)) % 12 AS VARCHAR)"
    ),
}

_COLLECTIONS: Final = {
    "kit_concat_lists(a, b)": "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END",
    "kit_has_null(list)": "(len(list_filter(list, lambda e: e IS NULL)) > 0)",
    "kit_any(list)": (
        "CASE WHEN list IS NULL THEN NULL WHEN list_contains(list, true) THEN true WHEN kit_has_null(list) THEN NULL ELSE false END"
    ),
    "kit_all(list)": (
        "CASE WHEN list IS NULL THEN NULL WHEN list_contains(list, false) THEN false WHEN kit_has_null(list) THEN NULL ELSE true END"
    ),
    "kit_all_equal(a, b, pairs)": (
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) <> len(b) THEN false ELSE kit_all(pairs) END"
    ),
    "kit_bounds(position, size, value)": (
        "CASE WHEN position > size THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '"
        " || position || ' > ' || size, NULL) ELSE value END"
    ),
    "kit_element(list, position)": "kit_bounds(position, len(list), list[position])",
    "kit_subscript(list, position)": (
        "CASE WHEN position = 0 AND list IS NOT NULL THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', NULL)"
        " WHEN position < 0 AND list IS NOT NULL THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || position, NULL)"
        " ELSE kit_bounds(position, len(list), list[position]) END"
    ),
    "kit_element_at(list, position)": (
        "CASE WHEN position = 0 AND list IS NOT NULL THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', NULL) ELSE list[position] END"
    ),
    "kit_map_value(map, wanted)": (
        "CASE WHEN NOT map_contains(map, wanted) THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || CAST(wanted AS VARCHAR), NULL)"
        " ELSE map[wanted] END"
    ),
    "kit_array_distinct(list)": (
        "CASE WHEN len(list_distinct(list)) + CASE WHEN kit_has_null(list) THEN 1 ELSE 0 END = len(list) THEN list"
        " ELSE list_filter(list, lambda e, i: list_position(list, e) = i) END"
    ),
    "kit_holds(list, item)": "coalesce(list_position(list, item), 0) > 0",
    "kit_array_except(a, b)": (
        "CASE WHEN b IS NULL THEN NULL ELSE kit_array_distinct(list_filter(a, lambda e: NOT kit_holds(b, e))) END"
    ),
    "kit_array_intersect(a, b)": (
        "CASE WHEN b IS NULL THEN NULL ELSE kit_array_distinct(list_filter(a, lambda e: kit_holds(b, e))) END"
    ),
    "kit_array_position(list, item)": (
        "CASE WHEN list IS NULL OR item IS NULL THEN NULL ELSE CAST(coalesce(list_position(list, item), 0) AS BIGINT) END"
    ),
    "kit_array_remove(list, item)": "CASE WHEN item IS NULL THEN NULL ELSE list_filter(list, lambda e: e IS NULL OR e <> item) END",
    "kit_array_join(list, separator)": (
        "CASE WHEN list IS NULL OR separator IS NULL THEN NULL ELSE array_to_string(list_filter(list, lambda e: e IS NOT NULL), separator) END"
    ),
    "kit_arrays_overlap(a, b)": (
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(list_filter(a, lambda e: e IS NOT NULL), list_filter(b, lambda e: e IS NOT NULL)) THEN true"
        " WHEN len(a) > 0 AND len(b) > 0 AND (kit_has_null(a) OR kit_has_null(b)) THEN NULL ELSE false END"
    ),
    "kit_contains(list, item)": (
        "CASE WHEN list IS NULL OR item IS NULL THEN NULL WHEN list_contains(list, item) THEN true WHEN kit_has_null(list) THEN NULL ELSE false END"
    ),
    "kit_contains_sequence(list, part)": (
        "CASE WHEN list IS NULL OR part IS NULL THEN NULL WHEN len(part) = 0 THEN true"
        " ELSE len(list_filter(list, lambda e, i: list_slice(list, i, i + len(part) - 1) = part)) > 0 END"
    ),
    "kit_ngrams(list, size)": (
        "kit_check(size <= 0, 'INVALID_FUNCTION_ARGUMENT: N must be positive', CASE WHEN len(list) <= size THEN [list]"
        " ELSE list_transform(range(1, len(list) - size + 2), lambda i: list_slice(list, i, i + size - 1)) END)"
    ),
    "kit_slice(list, start, count)": (
        "kit_check(count < 0, 'INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0',"
        " kit_check(start = 0, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', CASE"
        " WHEN list IS NULL OR start IS NULL OR count IS NULL THEN NULL WHEN count = 0 OR abs(start) > len(list) THEN list_filter(list, lambda e: false)"
        " WHEN start > 0 THEN list_slice(list, start, start + count - 1)"
        " ELSE list_slice(list, len(list) + start + 1, len(list) + start + count) END))"
    ),
    "kit_trim_array(list, count)": (
        "kit_check(count < 0, 'INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || count,"
        " kit_check(count > len(list), 'INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(list) || ': ' || count,"
        " list_slice(list, 1, len(list) - count)))"
    ),
    "kit_sequence(first, last, step)": (
        "kit_check(step = 0 OR (step > 0 AND last < first) OR (step < 0 AND last > first),"
        " 'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',"
        " kit_check((last - first) // step + 1 > 10000, 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries',"
        " generate_series(first, last, step)))"
    ),
    "kit_reduce_start(value, list)": "CASE WHEN list IS NULL THEN NULL ELSE value END",
    "kit_combinations_0(list)": "[list_filter(list, lambda e: false)]",
    "kit_combinations_1(list)": "list_transform(list, lambda e: [e])",
    "kit_combinations_2(list)": (
        "flatten(list_transform(range(1, len(list) + 1), lambda i: list_transform(range(i + 1, len(list) + 1), lambda j: [list[i], list[j]])))"
    ),
    "kit_combinations_3(list)": (
        "flatten(list_transform(range(1, len(list) + 1), lambda i: flatten(list_transform(range(i + 1, len(list) + 1),"
        " lambda j: list_transform(range(j + 1, len(list) + 1), lambda k: [list[i], list[j], list[k]])))))"
    ),
    "kit_map(keys, vals)": (
        "kit_check(len(keys) <> len(vals), 'INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length',"
        " kit_check(kit_has_null(keys), 'INVALID_FUNCTION_ARGUMENT: map key cannot be null',"
        " kit_check(len(list_distinct(keys)) < len(keys), 'INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed',"
        " CASE WHEN keys IS NULL OR vals IS NULL THEN NULL ELSE map(keys, vals) END)))"
    ),
    "kit_map_concat(a, b)": "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE map_concat(a, b) END",
    "kit_entry_keys(entries)": "list_transform(entries, lambda e: e.key)",
    "kit_map_first(entries)": (
        "CASE WHEN len(list_distinct(kit_entry_keys(entries))) = len(entries) THEN map_from_entries(entries)"
        " ELSE map_from_entries(list_filter(entries, lambda e, i: list_position(kit_entry_keys(entries), e.key) = i)) END"
    ),
    "kit_multimap(entries)": (
        "map_from_entries(list_transform(kit_array_distinct(kit_entry_keys(entries)), lambda k: {'key': k,"
        " 'value': list_transform(list_filter(entries, lambda e: e.key = k), lambda e: e.value)}))"
    ),
    "kit_split_to_multimap(text, entries, separator)": "kit_multimap(kit_pairs(text, entries, separator))",
    "kit_map_union(maps)": "list_reduce(maps, lambda a, b: map_concat(a, b))",
    "kit_most_frequent(counts, most)": (
        "map_from_entries(list_transform(list_slice(list_sort(list_transform(map_entries(counts), lambda e: {'n': -CAST(e.value AS BIGINT), 'k': e.key})),"
        " 1, most), lambda e: {'key': e.k, 'value': -e.n}))"
    ),
}

_DOCUMENTS: Final = {
    "kit_json_or_null(text)": "CASE WHEN json_valid(text) THEN text END",
    "kit_json_parse(text)": (
        "CAST(kit_check(NOT json_valid(text), 'INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ''' || text || '''', json_normalize(text)) AS JSON)"
    ),
    # Numbers as strings, so that their digits survive: control characters cannot occur in JSON and mark them.
    "kit_json_numbers_quoted(text)": (
        'replace(replace(regexp_replace(text, \'("(?:[^"\\\\]|\\\\.)*")|(-?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\','
        " '\\1' || chr(1) || '\\2' || chr(1), 'g'), chr(1) || chr(1), ''), chr(1), '\"')"
    ),
    "kit_json_scalar_text(text, path, found)": (
        "CASE WHEN left(found, 1) IN ('{', '[') AND json_type(text, path) IN ('OBJECT', 'ARRAY') THEN NULL"
        " WHEN regexp_full_match(found, '-?[0-9]+\\.[0-9]+(e[-+]?[0-9]+)?')"
        " THEN json_extract_string(kit_json_numbers_quoted(text), path) ELSE found END"
    ),
    "kit_json_scalar(text, path)": "kit_json_scalar_text(text, path, json_extract_string(text, path))",
    "kit_json_size(value)": (
        "CASE json_type(value) WHEN 'ARRAY' THEN CAST(json_array_length(value) AS BIGINT) WHEN 'OBJECT' THEN len(json_keys(value)) ELSE"
        " CASE WHEN value IS NOT NULL THEN 0 END END"
    ),
    "kit_json_array_length(value)": "CASE WHEN json_type(value) = 'ARRAY' THEN CAST(json_array_length(value) AS BIGINT) END",
    "kit_json_items(value)": "CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') END",
    "kit_json_array_get(value, position)": (
        "CASE WHEN json_type(value) = 'ARRAY' THEN kit_json_items(value)[CASE WHEN position < 0 THEN position ELSE position + 1 END] END"
    ),
    "kit_json_array(value)": (
        "CASE WHEN value IS NULL OR json_type(value) = 'NULL' THEN NULL ELSE kit_check(json_type(value) <> 'ARRAY',"
        " 'INVALID_CAST_ARGUMENT: Cannot cast to array. Expected a json array, but got ' || CAST(value AS VARCHAR), json_extract(value, '$[*]')) END"
    ),
    "kit_json_object(value)": (
        "CASE WHEN value IS NULL OR json_type(value) = 'NULL' THEN NULL ELSE kit_check(json_type(value) <> 'OBJECT',"
        " 'INVALID_CAST_ARGUMENT: Cannot cast to map. Expected a json object, but got ' || CAST(value AS VARCHAR), value) END"
    ),
    "kit_json_field(value, name, position)": (
        "CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]')[position + 1]"
        " ELSE json_extract(value, '$.\"' || list_filter(json_keys(value), lambda k: lower(k) = name)[1] || '\"') END"
    ),
    "kit_json_scalar_only(value, kind, result)": (
        "kit_check(json_type(value) IN ('ARRAY', 'OBJECT'), 'INVALID_CAST_ARGUMENT: Cannot cast to ' || kind || '. Unexpected JSON: ' || CAST(value AS VARCHAR), result)"
    ),
    "kit_json_number(value)": "json_extract_string(kit_json_numbers_quoted(CAST(value AS VARCHAR)), '$')",
    "kit_json_to_varchar(value)": (
        "kit_json_scalar_only(value, 'varchar', CASE WHEN json_type(value) = 'DOUBLE' AND regexp_matches(CAST(value AS VARCHAR), '[.eE]')"
        " THEN kit_float_text(TRY_CAST(json_extract_string(value, '$') AS DOUBLE)) ELSE json_extract_string(value, '$') END)"
    ),
    "kit_json_to_boolean(value)": (
        "kit_json_scalar_only(value, 'boolean', CASE json_type(value) WHEN 'BOOLEAN' THEN TRY_CAST(json_extract_string(value, '$') AS BOOLEAN)"
        " WHEN 'VARCHAR' THEN kit_boolean(json_extract_string(value, '$')) WHEN 'NULL' THEN NULL ELSE TRY_CAST(json_extract_string(value, '$') AS DOUBLE) <> 0 END)"
    ),
    "kit_json_to_double(value)": (
        "kit_json_scalar_only(value, 'double', CASE json_type(value) WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN 1.0 ELSE 0.0 END"
        " WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN kit_check(NOT kit_is_double(json_extract_string(value, '$')), 'INVALID_CAST_ARGUMENT: Cannot cast ''' || json_extract_string(value, '$') || ''' to DOUBLE',"
        " TRY_CAST(kit_double(json_extract_string(value, '$')) AS DOUBLE)) ELSE TRY_CAST(json_extract_string(value, '$') AS DOUBLE) END)"
    ),
    "kit_json_to_bigint(value)": (
        "kit_json_scalar_only(value, 'bigint', CASE json_type(value) WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN 1 ELSE 0 END"
        " WHEN 'NULL' THEN NULL WHEN 'DOUBLE' THEN CAST(round(TRY_CAST(json_extract_string(value, '$') AS DOUBLE)) AS BIGINT)"
        " ELSE kit_check(NOT kit_is_integer(json_extract_string(value, '$')), 'INVALID_CAST_ARGUMENT: Cannot cast ''' || json_extract_string(value, '$') || ''' to BIGINT',"
        " CAST(trim(json_extract_string(value, '$')) AS BIGINT)) END)"
    ),
    "kit_json_to_number(value)": (
        "kit_json_scalar_only(value, 'decimal', CASE json_type(value) WHEN 'BOOLEAN' THEN CASE json_extract_string(value, '$') WHEN 'true' THEN '1' ELSE '0' END"
        " WHEN 'NULL' THEN NULL ELSE kit_json_number(value) END)"
    ),
    "kit_json_found(value)": "list_filter([value], lambda v: v IS NOT NULL)",
    "kit_json_member(value, path)": "CASE WHEN json_type(value) = 'OBJECT' THEN kit_json_found(json_extract(value, path)) ELSE [] END",
    "kit_json_member_lax(value, path)": (
        "CASE json_type(value) WHEN 'OBJECT' THEN kit_json_found(json_extract(value, path))"
        " WHEN 'ARRAY' THEN list_filter(list_transform(json_extract(value, '$[*]'), lambda v: json_extract(v, path)), lambda v: v IS NOT NULL) ELSE [] END"
    ),
    "kit_json_members(value)": ("CASE WHEN json_type(value) = 'OBJECT' THEN json_extract(value, '$.*') ELSE [] END"),
    "kit_json_members_lax(value)": (
        "CASE json_type(value) WHEN 'OBJECT' THEN json_extract(value, '$.*') WHEN 'ARRAY' THEN flatten(list_transform(json_extract(value, '$[*]'), lambda v: kit_json_members(v))) ELSE [] END"
    ),
    "kit_json_elements(value)": "CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') ELSE [] END",
    "kit_json_elements_lax(value)": "CASE WHEN json_type(value) = 'ARRAY' THEN json_extract(value, '$[*]') ELSE [value] END",
    "kit_json_element(value, position)": (
        "CASE WHEN json_type(value) = 'ARRAY' THEN kit_json_found(json_extract(value, '$[*]')[position + 1]) ELSE [] END"
    ),
    "kit_json_element_lax(value, position)": (
        "CASE WHEN json_type(value) = 'ARRAY' THEN kit_json_found(json_extract(value, '$[*]')[position + 1]) WHEN position = 0 THEN [value] ELSE [] END"
    ),
}

_ORDER: Final = (_ERRORS, _TEXT, _NUMBERS, _BINARY, _TIMES, _COLLECTIONS, _DOCUMENTS)

MACROS: Final[tuple[str, ...]] = tuple(
    f"CREATE OR REPLACE MACRO {head} AS ({body})" for topic in _ORDER for head, body in topic.items()
)
"""CREATE MACRO statements, each after those that it uses."""
