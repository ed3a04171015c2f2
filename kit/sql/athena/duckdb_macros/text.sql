-- Text: checks before casts, Java's forms of numbers, and the string functions that DuckDB has otherwise or not at all.

CREATE OR REPLACE MACRO kit_scientific_digits(digits, exponent) AS (
    digits[1] || '.' || CASE WHEN length(digits) > 1 THEN digits[2:] ELSE '0' END || 'E'
        || CAST(exponent AS VARCHAR)
);

CREATE OR REPLACE MACRO kit_scientific_parts(whole, fraction, exponent) AS (
    kit_scientific_digits(
        rtrim(ltrim(whole || fraction, '0'), '0'),
        exponent + length(whole) - 1 - (length(whole || fraction) - length(ltrim(whole || fraction, '0')))
    )
);

CREATE OR REPLACE MACRO kit_scientific(text) AS (
    kit_scientific_parts(
        split_part(split_part(text, 'e', 1), '.', 1),
        split_part(split_part(text, 'e', 1), '.', 2),
        coalesce(TRY_CAST(split_part(text, 'e', 2) AS INTEGER), 0)
    )
);

CREATE OR REPLACE MACRO kit_special_float(value, zero, other) AS (
    CASE
        WHEN value IS NULL THEN NULL
        WHEN isnan(value) THEN 'NaN'
        WHEN isinf(value) THEN CASE WHEN value > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN value = 0 THEN CASE WHEN signbit(value) THEN '-' || zero ELSE zero END
        WHEN value < 0 THEN '-' || other
        ELSE other
    END
);

CREATE OR REPLACE MACRO kit_float_text(value) AS (
    kit_special_float(value, '0E0', kit_scientific(CAST(abs(value) AS VARCHAR)))
);

CREATE OR REPLACE MACRO kit_java_double(value) AS (
    kit_special_float(
        value,
        '0.0',
        CASE
            WHEN abs(value) >= 0.001 AND abs(value) < 10000000 THEN CAST(abs(value) AS VARCHAR)
            ELSE kit_scientific(CAST(abs(value) AS VARCHAR))
        END
    )
);

CREATE OR REPLACE MACRO kit_is_integer(text) AS (regexp_full_match(text, '\s*[+-]?[0-9]+\s*'));

CREATE OR REPLACE MACRO kit_is_decimal(text) AS (
    regexp_full_match(text, '\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*')
);

CREATE OR REPLACE MACRO kit_is_double(text) AS (
    regexp_full_match(text, '\s*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)\s*')
);

CREATE OR REPLACE MACRO kit_double(text) AS (rtrim(trim(text), 'dDfF'));

CREATE OR REPLACE MACRO kit_boolean(text) AS (
    CASE
        WHEN lower(text) IN ('t', '1', 'true') THEN true
        WHEN lower(text) IN ('f', '0', 'false') THEN false
        ELSE kit_check(text IS NOT NULL, 'INVALID_CAST_ARGUMENT: Cannot cast ''' || text || ''' to BOOLEAN', NULL)
    END
);

CREATE OR REPLACE MACRO kit_is_uuid(text) AS (
    regexp_full_match(text, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')
);

CREATE OR REPLACE MACRO kit_substr(text, start, count) AS (
    CASE
        WHEN start = 0 OR count <= 0 OR start > length(text) OR -start > length(text) THEN left(text, 0)
        ELSE substr(text, start, count)
    END
);

CREATE OR REPLACE MACRO kit_substr_hex(digits, start, count) AS (
    CASE
        WHEN start = 0 OR count <= 0 OR start * 2 > length(digits) OR -start * 2 > length(digits)
            THEN left(digits, 0)
        ELSE substr(digits, CASE WHEN start > 0 THEN start * 2 - 1 ELSE start * 2 END, least(count, 1073741823) * 2)
    END
);

CREATE OR REPLACE MACRO kit_pad(text, size, filler) AS (
    kit_check(
        size < 0 OR size > 2147483647,
        'INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]',
        kit_check(filler = '', 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty', text)
    )
);

CREATE OR REPLACE MACRO kit_lpad(text, size, filler) AS (
    lpad(kit_pad(text, size, filler), CAST(size AS INTEGER), filler)
);

CREATE OR REPLACE MACRO kit_rpad(text, size, filler) AS (
    rpad(kit_pad(text, size, filler), CAST(size AS INTEGER), filler)
);

CREATE OR REPLACE MACRO kit_codepoint(text) AS (
    kit_check(
        length(text) <> 1,
        'INVALID_FUNCTION_ARGUMENT: Input string must be a single character string',
        unicode(text)
    )
);

CREATE OR REPLACE MACRO kit_characters(text) AS (CASE WHEN text = '' THEN [] ELSE string_split(text, '') END);

CREATE OR REPLACE MACRO kit_digits(text) AS (
    list_transform(
        kit_characters(ltrim(lower(text), '+-')),
        lambda c: CASE WHEN c BETWEEN '0' AND '9' THEN unicode(c) - 48 ELSE unicode(c) - 87 END
    )
);

CREATE OR REPLACE MACRO kit_hamming(a, b) AS (
    kit_check(
        length(a) <> length(b),
        'INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance function must have the same length',
        CAST(len(list_filter(list_zip(kit_characters(a), kit_characters(b)), lambda p: p[1] <> p[2])) AS BIGINT)
    )
);

CREATE OR REPLACE MACRO kit_levenshtein(a, b) AS (
    kit_check(
        octet_length(encode(a)) <> length(a) OR octet_length(encode(b)) <> length(b),
        'NOT_SUPPORTED: levenshtein_distance of text that is not ASCII',
        levenshtein(a, b)
    )
);

CREATE OR REPLACE MACRO kit_luhn(text) AS (
    CASE
        WHEN text IS NULL THEN NULL
        ELSE kit_check(
            NOT regexp_full_match(text, '[0-9]+'),
            'INVALID_FUNCTION_ARGUMENT: Input is not a number',
            list_sum(
                list_transform(
                    list_reverse(kit_digits(text)),
                    lambda d,
                    i: CASE WHEN i % 2 = 1 THEN d WHEN d > 4 THEN d * 2 - 9 ELSE d * 2 END
                )
            )
                % 10 = 0
        )
    END
);

CREATE OR REPLACE MACRO kit_replace(text, search, replacement) AS (
    CASE
        WHEN search = ''
            THEN replacement
                || array_to_string(list_transform(kit_characters(text), lambda c: c || replacement), '')
        ELSE replace(text, search, replacement)
    END
);

CREATE OR REPLACE MACRO kit_soundex_code(text) AS (
    translate(upper(text), 'BFPVCGJKQSXZDTLMNRAEIOUYHW', '11112222222233455600000099')
);

CREATE OR REPLACE MACRO kit_soundex(text) AS (
    CASE
        WHEN text IS NULL THEN NULL
        WHEN NOT regexp_full_match(text, '[A-Za-z]*')
            THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: The input text must contain letters only', NULL)
        WHEN text = '' THEN ''
        ELSE rpad(
            left(
                upper(text[1])
                    || replace(
                        substr(
                            regexp_replace(
                                regexp_replace(replace(kit_soundex_code(text), '9', ''), '1+', '1', 'g'),
                                '(22+)|(33+)|(44+)|(55+)|(66+)',
                                '\1',
                                'g'
                            ),
                            2
                        ),
                        '0',
                        ''
                    ),
                4
            ),
            4,
            '0'
        )
    END
);

CREATE OR REPLACE MACRO kit_delimited(delimiter, value) AS (
    kit_check(delimiter = '', 'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string', value)
);

CREATE OR REPLACE MACRO kit_split(text, delimiter) AS (kit_delimited(delimiter, string_split(text, delimiter)));

CREATE OR REPLACE MACRO kit_split_limit(text, delimiter, most) AS (
    kit_check(
        most <= 0,
        'INVALID_FUNCTION_ARGUMENT: Limit must be positive',
        CASE
            WHEN len(kit_split(text, delimiter)) <= most THEN kit_split(text, delimiter)
            ELSE list_concat(
                list_slice(kit_split(text, delimiter), 1, most - 1),
                [
                    array_to_string(
                        list_slice(kit_split(text, delimiter), most, len(kit_split(text, delimiter))),
                        delimiter
                    )
                ]
            )
        END
    )
);

CREATE OR REPLACE MACRO kit_split_part(text, delimiter, position) AS (
    kit_check(
        position <= 0,
        'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero',
        CASE
            WHEN delimiter = '' THEN CASE WHEN position <= length(text) THEN text[CAST(position AS INTEGER)] END
            ELSE string_split(text, delimiter)[position]
        END
    )
);

CREATE OR REPLACE MACRO kit_pair(entry, separator) AS (
    kit_check(
        instr(entry, separator) = 0,
        'INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each entry. Bad input: '''
            || entry || '''',
        {
            'key': left(entry, instr(entry, separator) - 1),
            'value': substr(entry, instr(entry, separator) + length(separator))
        }
    )
);

CREATE OR REPLACE MACRO kit_pairs(text, entries, separator) AS (
    list_transform(
        list_filter(string_split(text, entries), lambda e: e <> ''),
        lambda e: kit_pair(e, separator)
    )
);

CREATE OR REPLACE MACRO kit_split_to_map(text, entries, separator) AS (
    CASE
        WHEN len(list_distinct(list_transform(kit_pairs(text, entries, separator), lambda p: p.key))) < len(
            kit_pairs(text, entries, separator)
        )
            THEN kit_check(true, 'INVALID_FUNCTION_ARGUMENT: Duplicate keys are not allowed', NULL)
        ELSE map_from_entries(kit_pairs(text, entries, separator))
    END
);

CREATE OR REPLACE MACRO kit_strpos_from(text, search, nth) AS (
    list_reduce(
        range(nth),
        lambda found,
        step: CASE
            WHEN found < 0 THEN found
            WHEN instr(substr(text, found + 1), search) = 0 THEN -1
            ELSE found + instr(substr(text, found + 1), search)
        END,
        CAST(0 AS BIGINT)
    )
);

CREATE OR REPLACE MACRO kit_strpos(text, search, nth) AS (
    kit_check(
        nth = 0,
        'INVALID_FUNCTION_ARGUMENT: ''instance'' must be a positive or negative number.',
        CASE
            WHEN text IS NULL OR search IS NULL OR nth IS NULL THEN NULL
            WHEN search = '' THEN 1
            WHEN nth > 0 THEN greatest(kit_strpos_from(text, search, nth), 0)
            ELSE CASE
                WHEN kit_strpos_from(reverse(text), reverse(search), -nth) <= 0 THEN 0
                ELSE length(text) - kit_strpos_from(reverse(text), reverse(search), -nth) - length(search) + 2
            END
        END
    )
);

CREATE OR REPLACE MACRO kit_regexp_position(text, pattern, start) AS (
    kit_check(
        start < 1,
        'INVALID_FUNCTION_ARGUMENT: start position cannot be smaller than 1',
        CASE
            WHEN text IS NULL OR pattern IS NULL THEN NULL
            WHEN start > length(text) + 1 OR NOT regexp_matches(substr(text, start), pattern) THEN -1
            ELSE CAST(
                start + length(regexp_extract(substr(text, start), '(?s)^(.*?)(?:' || pattern || ')', 1)) AS INTEGER
            )
        END
    )
);

CREATE OR REPLACE MACRO kit_grouped(text) AS (
    regexp_extract(text, '^-?')
        || reverse(regexp_replace(reverse(regexp_extract(text, '^-?([0-9]+)', 1)), '([0-9]{3})', '\1,', 'g')).ltrim(
            ','
        )
        || regexp_extract(text, '\..*$')
);

CREATE OR REPLACE MACRO kit_zero_padded(text, size) AS (
    regexp_extract(text, '^[-+ ]?')
        || lpad(
            ltrim(text, '-+ '),
            CAST(
                greatest(size - length(regexp_extract(text, '^[-+ ]?')), length(ltrim(text, '-+ '))) AS INTEGER
            ),
            '0'
        )
);

CREATE OR REPLACE MACRO kit_url_unescape(text) AS (url_decode(replace(text, '+', ' ')));

CREATE OR REPLACE MACRO kit_url_parameter(query, name) AS (
    CASE
        WHEN query IS NULL OR name IS NULL THEN NULL
        ELSE kit_url_unescape(
            list_filter(
                list_transform(
                    string_split(query, '&'),
                    lambda p: CASE
                        WHEN contains(p, '=') THEN [left(p, instr(p, '=') - 1), substr(p, instr(p, '=') + 1)]
                        ELSE [p, '']
                    END
                ),
                lambda p: p[1] = name
            )[1][2]
        )
    END
);
