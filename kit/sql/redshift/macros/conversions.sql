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

CREATE OR REPLACE MACRO rs_stamp(x) AS coalesce(
    TRY_CAST(trim(x) AS TIMESTAMP),
    try_strptime(trim(x), [
        '%m/%d/%Y %H:%M:%S.%f', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y',
        '%m-%d-%Y %H:%M:%S.%f', '%m-%d-%Y %H:%M:%S', '%m-%d-%Y %H:%M', '%m-%d-%Y',
        '%m.%d.%Y %H:%M:%S', '%m.%d.%Y', '%Y/%m/%d', '%Y.%m.%d',
        '%Y%m%d %H:%M:%S.%f', '%Y%m%d %H:%M:%S', '%Y%m%d %H:%M', '%Y%m%d',
        '%b-%d-%Y %H:%M:%S', '%b-%d-%Y', '%d-%b-%Y %H:%M:%S', '%d-%b-%Y', '%b %d, %Y', '%b %d %Y', '%d %b %Y',
        '%B-%d-%Y', '%d-%B-%Y', '%B %d, %Y', '%B %d %Y', '%d %B %Y'
    ])
);

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
    WHEN TRY_CAST(trim(x) AS TIMESTAMPTZ) IS NOT NULL THEN TRY_CAST(trim(x) AS TIMESTAMPTZ)
    WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS TIMESTAMPTZ)
    ELSE error('invalid input syntax for type timestamptz: "' || x || '"')
END;

CREATE OR REPLACE MACRO rs_time(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN TRY_CAST(trim(x) AS TIME) IS NOT NULL THEN TRY_CAST(trim(x) AS TIME)
    WHEN rs_stamp(x) IS NOT NULL THEN CAST(rs_stamp(x) AS TIME)
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
