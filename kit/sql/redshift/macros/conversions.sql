-- Conversions between text and other types, as strict as Redshift, and values on their way into a column.

-- The longest prefix of whole characters that fits into so many bytes.
CREATE OR REPLACE MACRO rs_cut(x, n) AS CASE
    WHEN strlen(x) <= n THEN x
    WHEN strlen(x) = length(x) THEN left(x, n)
    ELSE left(x, list_max(list_filter(range(0, n + 1), lambda k: strlen(left(x, k)) <= n)))
END;

CREATE OR REPLACE MACRO rs_cut_bytes(x, n) AS
    CASE WHEN octet_length(x) <= n THEN x ELSE unhex(left(hex(x), n * 2)) END;

CREATE OR REPLACE MACRO rs_store_varchar(x, n) AS CASE
    WHEN strlen(rtrim(x)) > n THEN error('value too long for type character varying(' || n || ')')
    WHEN strlen(x) > n THEN rs_cut(x, n)
    ELSE x
END;

CREATE OR REPLACE MACRO rs_store_char(x, n) AS CASE
    WHEN strlen(rtrim(x)) > n THEN error('value too long for type character(' || n || ')')
    WHEN strlen(x) <> length(x) THEN error('CHAR string contains invalid ASCII character')
    ELSE rtrim(x)
END;

CREATE OR REPLACE MACRO rs_store_varbyte(x, n) AS CASE
    WHEN octet_length(x) > n THEN error('value too long for type binary varying(' || n || ')')
    ELSE x
END;

CREATE OR REPLACE MACRO rs_try_integer(x) AS CASE WHEN regexp_full_match(x, '\s*[+-]?[0-9]+\s*') THEN trim(x) END;

CREATE OR REPLACE MACRO rs_integer(x) AS CASE
    WHEN rs_try_integer(x) IS NOT NULL THEN trim(x)
    WHEN x IS NULL THEN NULL
    ELSE error('invalid input syntax for integer: "' || x || '"')
END;

CREATE OR REPLACE MACRO rs_try_boolean(x) AS CASE
    WHEN lower(trim(x)) IN ('t', 'true', 'y', 'yes', '1') THEN TRUE
    WHEN lower(trim(x)) IN ('f', 'false', 'n', 'no', '0') THEN FALSE
END;

CREATE OR REPLACE MACRO rs_boolean(x) AS CASE
    WHEN rs_try_boolean(x) IS NOT NULL THEN rs_try_boolean(x)
    WHEN x IS NULL THEN NULL
    ELSE error('invalid input syntax for type boolean: "' || x || '"')
END;

-- The date that a text begins with, in lower case.
CREATE OR REPLACE MACRO rs_day_text(x) AS regexp_extract(
    lower(x),
    '^(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2}'
    || '|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}|\d{8}|\d{6}'
    || '|[a-z]{3,9}[ -]\d{1,2}(?:[ -]|, ?)\d{4}|\d{1,2}[ -][a-z]{3,9}[ -]\d{4}|\d{4}[ -][a-z]{3,9}[ -]\d{1,2}'
    || '|\d{4}\.\d{3})(?:[ t]|$)',
    1
);

-- Parted by dashes, the year with its century.
CREATE OR REPLACE MACRO rs_day(day) AS try_strptime(
    regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    regexp_replace(replace(day, 'sept-', 'sep-'), '[-/. ,]+', '-', 'g'),
                    '^([0-6]\d\d{4})$', '20\1'
                ),
                '^([7-9]\d\d{4})$', '19\1'
            ),
            '^(\d\d?-\d\d?)-([0-6]\d)$', '\1-20\2'
        ),
        '^(\d\d?-\d\d?)-([7-9]\d)$', '\1-19\2'
    ),
    [
        '%Y-%m-%d', '%m-%d-%Y', '%Y%m%d', '%b-%d-%Y', '%B-%d-%Y', '%d-%b-%Y', '%d-%B-%Y', '%Y-%b-%d', '%Y-%B-%d',
        '%Y-%j'
    ]
);

-- What follows the date.
CREATE OR REPLACE MACRO rs_after_day(x) AS trim(substr(x, length(rs_day_text(x)) + 2));

CREATE OR REPLACE MACRO rs_clock_parts(x) AS regexp_extract(
    x,
    '(?i)^(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?|(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?)'
    || '\s*(?:(am|pm)\b)?\s*([a-z][a-z_/+\-:0-9]*|[+-][\d:]+)?$',
    ['h', 'm', 's', 'f', 'h2', 'm2', 's2', 'f2', 'half', 'zone']
);

-- Microseconds of a day; 24:00 is a whole one. NULL for what is no time of day.
CREATE OR REPLACE MACRO rs_clock(x) AS CASE
    WHEN x = '' THEN 0
    ELSE list_extract(list_transform([rs_clock_parts(x)], lambda p: list_extract(list_transform(
        [{
            'h': TRY_CAST(p.h || p.h2 AS BIGINT),
            'm': TRY_CAST(p.m || p.m2 AS BIGINT),
            's': coalesce(TRY_CAST(p.s || p.s2 AS BIGINT), 0),
            'f': TRY_CAST(left(p.f || p.f2 || '000000', 6) AS BIGINT)
        }],
        lambda n: CASE
            WHEN p.half <> '' AND n.h NOT BETWEEN 1 AND 12 THEN NULL
            WHEN n.h > 24 OR n.m > 59 OR n.s > 59 OR (n.h = 24 AND n.m + n.s + n.f > 0) THEN NULL
            ELSE (((CASE WHEN p.half = '' THEN n.h ELSE n.h % 12 END
                + CASE WHEN lower(p.half) = 'pm' THEN 12 ELSE 0 END) * 60 + n.m) * 60 + n.s) * 1000000 + n.f
        END
    ), 1)), 1)
END;

CREATE OR REPLACE MACRO rs_stamp(x) AS CASE
    WHEN regexp_full_match(x, '\s*\d{4}-\d\d?-\d\d?([ T]\d\d?:\d\d(:\d\d(\.\d{1,6})?)?)?\s*')
        THEN TRY_CAST(trim(x) AS TIMESTAMP)
    ELSE rs_day(rs_day_text(trim(x))) + to_microseconds(rs_clock(rs_after_day(trim(x))))
END;

-- Minutes east of UTC of an offset or of an abbreviation, NULL for a zone's name.
CREATE OR REPLACE MACRO rs_zone_minutes(z) AS CASE
    WHEN regexp_full_match(z, '(?i)(utc|gmt)?\s*[+-]\d{1,2}(:?\d{2})?') THEN
        (CASE WHEN contains(z, '-') THEN -1 ELSE 1 END) * (
            CAST(regexp_extract(z, '[+-](\d{1,2})', 1) AS INTEGER) * 60
            + coalesce(TRY_CAST(regexp_extract(z, '[+-]\d{1,2}:?(\d{2})$', 1) AS INTEGER), 0)
        )
    -- abbreviations
END;

CREATE OR REPLACE MACRO rs_at_zone(stamp, z) AS CASE
    WHEN z = '' THEN CAST(stamp AS TIMESTAMPTZ)
    WHEN rs_zone_minutes(z) IS NOT NULL THEN timezone('UTC', stamp - to_minutes(rs_zone_minutes(z)))
    ELSE timezone(z, stamp)
END;

CREATE OR REPLACE MACRO rs_moment(x) AS CASE
    WHEN regexp_full_match(x, '\s*\d{4}-\d\d?-\d\d?([ T]\d\d?:\d\d(:\d\d(\.\d{1,6})?)?([+-]\d\d(:\d\d)?)?)?\s*')
        THEN TRY_CAST(trim(x) AS TIMESTAMPTZ)
    ELSE rs_at_zone(rs_stamp(x), rs_clock_parts(rs_after_day(trim(x))).zone)
END;

CREATE OR REPLACE MACRO rs_timestamp(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_stamp(x) IS NOT NULL THEN rs_stamp(x)
    ELSE error('invalid input syntax for type timestamp: "' || x || '"')
END;

CREATE OR REPLACE MACRO rs_date(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS DATE)
    ELSE error('invalid input syntax for type date: "' || x || '"')
END;

CREATE OR REPLACE MACRO rs_timestamptz(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_moment(x) IS NOT NULL THEN rs_moment(x)
    ELSE error('invalid input syntax for type timestamptz: "' || x || '"')
END;

-- A date before the time of day is dropped.
CREATE OR REPLACE MACRO rs_clock_of(x) AS CASE
    WHEN rs_clock(nullif(trim(x), '')) IS NOT NULL THEN rs_clock(nullif(trim(x), ''))
    WHEN rs_day(rs_day_text(trim(x))) IS NOT NULL THEN rs_clock(nullif(rs_after_day(trim(x)), ''))
END;

CREATE OR REPLACE MACRO rs_time(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN rs_clock_of(x) < 86400000000 THEN CAST(make_timestamp(rs_clock_of(x)) AS TIME)
    ELSE error('invalid input syntax for type time: "' || x || '"')
END;

-- Fifteen significant digits, six for REAL, as PostgreSQL 8 prints them.
CREATE OR REPLACE MACRO rs_float_text(x) AS CASE
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    ELSE printf('%.15g', x)
END;

CREATE OR REPLACE MACRO rs_real_text(x) AS CASE
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    ELSE printf('%.6g', CAST(x AS DOUBLE))
END;
