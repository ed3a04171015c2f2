-- Strings and regular expressions.

CREATE OR REPLACE MACRO rs_initcap(x) AS array_to_string(
    list_transform(
        regexp_extract_all(lower(x), '[\p{L}\p{N}]+|[^\p{L}\p{N}]+'),
        lambda w: upper(left(w, 1)) || substr(w, 2)
    ),
    ''
);

CREATE OR REPLACE MACRO rs_ascii(x) AS CASE WHEN x = '' THEN 0 ELSE unicode(x) END;

CREATE OR REPLACE MACRO rs_chr(n) AS
    CASE WHEN n <= 0 THEN error('requested character not valid') ELSE chr(CAST(n AS INTEGER)) END;

CREATE OR REPLACE MACRO rs_octetindex(part, x) AS CASE
    WHEN strpos(x, part) = 0 THEN 0
    ELSE CAST(strlen(left(x, strpos(x, part) - 1)) + 1 AS INTEGER)
END;

CREATE OR REPLACE MACRO rs_substring_from(x, start) AS substr(x, CASE WHEN start < 1 THEN 1 ELSE start END);

-- Positions before the first use up the length.
CREATE OR REPLACE MACRO rs_substring(x, start, n) AS CASE
    WHEN n < 0 THEN error('negative substring length not allowed')
    WHEN start >= 1 THEN substr(x, start, n)
    ELSE substr(x, 1, rs_natural(start + n - 1))
END;

CREATE OR REPLACE MACRO rs_subbytes(x, start, n) AS CASE
    WHEN n < 0 THEN error('negative substring length not allowed')
    WHEN start >= 1 THEN unhex(substr(hex(x), (start - 1) * 2 + 1, n * 2))
    ELSE unhex(substr(hex(x), 1, rs_natural(start + n - 1) * 2))
END;

CREATE OR REPLACE MACRO rs_lpad(x, n, pad) AS
    CASE WHEN pad = '' THEN left(x, rs_natural(n)) ELSE lpad(x, rs_natural(n), pad) END;

CREATE OR REPLACE MACRO rs_rpad(x, n, pad) AS
    CASE WHEN pad = '' THEN left(x, rs_natural(n)) ELSE rpad(x, rs_natural(n), pad) END;

CREATE OR REPLACE MACRO rs_split_part(x, delimiter, n) AS CASE
    WHEN n < 1 THEN error('field position must be greater than zero')
    WHEN delimiter = '' THEN CASE WHEN n = 1 THEN x ELSE '' END
    ELSE split_part(x, delimiter, n)
END;

CREATE OR REPLACE MACRO rs_quote_ident(x) AS CASE
    WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*') THEN x
    ELSE '"' || replace(x, '"', '""') || '"'
END;

CREATE OR REPLACE MACRO rs_quote_literal(x) AS
    '''' || replace(replace(x, '\', '\\'), '''', '''''') || '''';

CREATE OR REPLACE MACRO rs_text_compare(a, b) AS CASE
    WHEN rtrim(a) = rtrim(b) THEN 0
    WHEN rtrim(a) > rtrim(b) THEN 1
    WHEN rtrim(a) < rtrim(b) THEN -1
END;

-- The codes of the letters after the first; H and W do not part a run of one code, vowels do.
CREATE OR REPLACE MACRO rs_soundex_codes(x) AS translate(
    regexp_replace(substr(upper(x), 2), '[HW]', '', 'g'),
    'AEIOUYBFPVCGJKQSXZDTLMNR',
    '000000111122222222334556'
);

CREATE OR REPLACE MACRO rs_soundex_first(x) AS translate(
    upper(left(x, 1)),
    'AEIOUYHWBFPVCGJKQSXZDTLMNR',
    '00000000111122222222334556'
);

CREATE OR REPLACE MACRO rs_soundex_word(x) AS left(
    upper(left(x, 1))
    || array_to_string(
        list_filter(
            list_transform(
                range(1, length(rs_soundex_codes(x)) + 1),
                lambda i: CASE
                    WHEN substr(rs_soundex_codes(x), i, 1)
                        = CASE WHEN i = 1 THEN rs_soundex_first(x) ELSE substr(rs_soundex_codes(x), i - 1, 1) END
                        THEN '0'
                    ELSE substr(rs_soundex_codes(x), i, 1)
                END
            ),
            lambda c: c <> '0'
        ),
        ''
    )
    || '000',
    4
);

CREATE OR REPLACE MACRO rs_soundex(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_replace(x, '[^A-Za-z]', '', 'g') = '' THEN ''
    ELSE rs_soundex_word(regexp_replace(x, '[^A-Za-z]', '', 'g'))
END;

CREATE OR REPLACE MACRO rs_difference(a, b) AS CASE
    WHEN a IS NULL OR b IS NULL THEN NULL
    ELSE CAST(list_sum(list_transform(
        range(1, 5),
        lambda i: CASE
            WHEN substr(rs_soundex(a), i, 1) <> '' AND substr(rs_soundex(a), i, 1) = substr(rs_soundex(b), i, 1) THEN 1
            ELSE 0
        END
    )) AS INTEGER)
END;

-- What stands before the position stays; the search begins at it.
CREATE OR REPLACE MACRO rs_regexp_replace(x, pattern, replacement, start) AS CASE
    WHEN start > length(x) THEN x
    WHEN start <= 1 THEN regexp_replace(x, pattern, replacement, 'g')
    ELSE left(x, start - 1) || regexp_replace(substr(x, start), pattern, replacement, 'g')
END;

CREATE OR REPLACE MACRO rs_regexp_substr(x, pattern, start, n, part) AS CASE
    WHEN x IS NULL OR start IS NULL OR n IS NULL OR n < 1 OR n > length(x) THEN NULL
    WHEN start > length(x) THEN ''
    ELSE coalesce(list_extract(regexp_extract_all(substr(x, greatest(start, 1)), pattern, part), n), '')
END;

CREATE OR REPLACE MACRO rs_regexp_count(x, pattern, start) AS CASE
    WHEN x IS NULL OR start IS NULL THEN NULL
    WHEN start > length(x) THEN 0
    ELSE CAST(len(regexp_extract_all(substr(x, greatest(start, 1)), pattern)) AS INTEGER)
END;

-- The nth match begins after the n pieces between matches and the n - 1 matches before it; `after` 1 asks for its end.
CREATE OR REPLACE MACRO rs_regexp_instr(x, pattern, start, n, after) AS CASE
    WHEN x IS NULL OR start IS NULL OR n IS NULL THEN NULL
    WHEN start > length(x) OR n < 1 OR len(regexp_extract_all(substr(x, greatest(start, 1)), pattern)) < n THEN 0
    ELSE CAST(
        greatest(start, 1)
        + list_sum(list_transform(
            list_slice(regexp_split_to_array(substr(x, greatest(start, 1)), pattern), 1, n),
            lambda p: length(p)
        ))
        + coalesce(list_sum(list_transform(
            list_slice(regexp_extract_all(substr(x, greatest(start, 1)), pattern), 1, n - 1 + after),
            lambda p: length(p)
        )), 0)
        AS INTEGER)
END;

CREATE OR REPLACE MACRO rs_listagg(x) AS
    CASE WHEN strlen(x) > 65535 THEN error('Result size exceeds LISTAGG limit') ELSE x END;

-- Of values that differ in trailing blanks only, the first.
CREATE OR REPLACE MACRO rs_list_distinct(items, delimiter) AS rs_listagg(nullif(
    array_to_string(
        list_filter(
            list_filter(items, lambda v: v IS NOT NULL),
            lambda v, i: list_position(
                list_transform(list_filter(items, lambda w: w IS NOT NULL), lambda w: rtrim(w)), rtrim(v)
            ) = i
        ),
        delimiter
    ),
    ''
));

-- The discrete percentile of values in their order.
CREATE OR REPLACE MACRO rs_discrete(items, p) AS list_extract(
    list_filter(items, lambda v: v IS NOT NULL),
    CAST(greatest(ceil(p * len(list_filter(items, lambda v: v IS NOT NULL))), 1) AS INTEGER)
);
