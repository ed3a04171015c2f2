-- TO_CHAR, TO_DATE, TO_TIMESTAMP, TO_NUMBER.

CREATE OR REPLACE MACRO rs_ordinal_ending(x) AS CASE
    WHEN right(x, 2) IN ('11', '12', '13') THEN 'th'
    WHEN right(x, 1) = '1' THEN 'st'
    WHEN right(x, 1) = '2' THEN 'nd'
    WHEN right(x, 1) = '3' THEN 'rd'
    ELSE 'th'
END;

CREATE OR REPLACE MACRO rs_ordinal(x, upper_case) AS
    x || CASE WHEN upper_case THEN upper(rs_ordinal_ending(trim(x))) ELSE rs_ordinal_ending(trim(x)) END;

CREATE OR REPLACE MACRO rs_roman(n) AS CASE
    WHEN n < 1 OR n > 3999 THEN repeat('#', 15)
    ELSE repeat('M', n // 1000)
        || list_extract(['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'], n // 100 % 10 + 1)
        || list_extract(['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'], n // 10 % 10 + 1)
        || list_extract(['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'], n % 10 + 1)
END;

-- The digits before the point of a rounded number: none for zero where digits after the point say it, and so many
-- zeros in front at least.
CREATE OR REPLACE MACRO rs_bare_digits(x, decimals, zeros) AS CASE
    WHEN trunc(abs(x)) = 0 AND (decimals > 0 OR zeros > 0) THEN ''
    ELSE CAST(CAST(trunc(abs(x)) AS DECIMAL(38, 0)) AS VARCHAR)
END;

CREATE OR REPLACE MACRO rs_whole_digits(x, decimals, zeros) AS lpad(
    rs_bare_digits(x, decimals, zeros),
    CAST(greatest(zeros, length(rs_bare_digits(x, decimals, zeros))) AS INTEGER),
    '0'
);

-- The digits after the point; without fill, trailing zeros beyond those kept are dropped.
CREATE OR REPLACE MACRO rs_decimals(x, decimals) AS right(CAST(x AS VARCHAR), CAST(decimals AS INTEGER));

CREATE OR REPLACE MACRO rs_fraction(x, decimals, kept, fill) AS CASE
    WHEN fill THEN '.' || rs_decimals(x, decimals)
    ELSE '.' || rpad(
        rtrim(rs_decimals(x, decimals), '0'),
        CAST(greatest(kept, length(rtrim(rs_decimals(x, decimals), '0'))) AS INTEGER),
        '0'
    )
END;

-- Separators after the places that ask for one, blank where no digit stands before them.
CREATE OR REPLACE MACRO rs_grouped(x, places) AS CASE
    WHEN len(places) = 0 THEN x
    ELSE array_to_string(
        list_transform(
            range(1, length(x) + 1),
            lambda i: substr(x, i, 1)
                || CASE
                    WHEN NOT list_contains(places, i) THEN ''
                    WHEN substr(x, i, 1) = ' ' THEN ' '
                    ELSE ','
                END
        ),
        ''
    )
END;

-- A rounded number in its places, blanks in front; number signs where it has more digits than places.
CREATE OR REPLACE MACRO rs_number_text(x, places, zeros, groups_, decimals, kept, fill) AS CASE
    WHEN length(rs_whole_digits(x, decimals, zeros)) > places
        THEN repeat('#', CAST(places AS INTEGER))
            || CASE WHEN decimals > 0 THEN '.' || repeat('#', CAST(decimals AS INTEGER)) ELSE '' END
    ELSE rs_grouped(lpad(rs_whole_digits(x, decimals, zeros), CAST(places AS INTEGER), ' '), groups_)
        || CASE WHEN decimals > 0 THEN rs_fraction(x, decimals, kept, fill) ELSE '' END
END;

-- The sign right before the first digit, in a place of its own.
CREATE OR REPLACE MACRO rs_sign_before(x, negative, minus, plus, fill) AS CASE
    WHEN fill THEN lpad(
        CASE WHEN negative THEN minus ELSE plus END || ltrim(x), CAST(length(x) + 1 AS INTEGER), ' '
    )
    ELSE trim(CASE WHEN negative THEN minus ELSE plus END) || trim(x)
END;

CREATE OR REPLACE MACRO rs_sign_around(x, negative, fill) AS CASE
    WHEN NOT fill THEN CASE WHEN negative THEN '<' || trim(x) || '>' ELSE trim(x) END
    WHEN negative THEN lpad('<' || ltrim(x) || '>', CAST(length(x) + 2 AS INTEGER), ' ')
    ELSE ' ' || x || ' '
END;

CREATE OR REPLACE MACRO rs_sign_beside(x, negative, minus, plus, last, fill) AS CASE
    WHEN last THEN CASE WHEN fill THEN x ELSE trim(x) END || CASE WHEN negative THEN minus ELSE plus END
    ELSE CASE WHEN negative THEN minus ELSE plus END || CASE WHEN fill THEN x ELSE trim(x) END
END;

CREATE OR REPLACE MACRO rs_to_number(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN NOT regexp_matches(x, '[0-9]') THEN error('invalid input syntax for type numeric: "' || x || '"')
    ELSE CASE WHEN strpos(x, '-') > 0 OR strpos(x, '<') > 0 THEN '-' ELSE '' END
        || regexp_replace(x, '[^0-9.]', '', 'g')
END;

CREATE OR REPLACE MACRO rs_matching(x, pattern) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_matches(x, pattern) THEN x
    ELSE error('invalid value "' || x || '" for the date format')
END;

CREATE OR REPLACE MACRO rs_month_place(x) AS strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3)));

CREATE OR REPLACE MACRO rs_month_number(x) AS CASE
    WHEN rs_month_place(x) % 3 = 1 THEN (rs_month_place(x) + 2) // 3
    ELSE error('invalid value "' || x || '" for "Month"')
END;

-- Years of three digits lie around 2000, of two digits from 1970 to 2069, of one in the 2000s.
CREATE OR REPLACE MACRO rs_year_of(y, short) AS CASE
    WHEN y IS NOT NULL THEN CAST(replace(y, ',', '') AS INTEGER)
    WHEN short IS NULL THEN 1
    WHEN length(short) = 3 THEN CAST(short AS INTEGER) + CASE WHEN CAST(short AS INTEGER) < 100 THEN 2000 ELSE 1000 END
    WHEN length(short) = 1 THEN CAST(short AS INTEGER) + 2000
    ELSE CAST(short AS INTEGER) + CASE WHEN CAST(short AS INTEGER) < 70 THEN 2000 ELSE 1900 END
END;

CREATE OR REPLACE MACRO rs_days_in(y, m) AS
    CASE WHEN m BETWEEN 1 AND 12 THEN day(last_day(make_date(CAST(y AS BIGINT), CAST(m AS BIGINT), 1))) ELSE 0 END;

-- A day from its parts; what is too much carries over unless the call is strict.
CREATE OR REPLACE MACRO rs_date_of(y, m, d, doy, strict) AS CASE
    WHEN strict AND (d < 1 OR d > rs_days_in(y, m))
        THEN error('date/time field date value out of range: ' || y || '-' || m || '-' || d)
    ELSE make_timestamp(CAST(y AS BIGINT), 1, 1, 0, 0, 0.0)
        + to_months(CAST(m - 1 AS INTEGER))
        + to_days(CAST(coalesce(doy, d) - 1 AS INTEGER))
END;

CREATE OR REPLACE MACRO rs_build_date(checked, y, short, m, d, doy, julian_day, strict) AS CASE
    WHEN checked IS NULL THEN NULL
    WHEN julian_day IS NOT NULL
        THEN CAST(DATE '1970-01-01' + (CAST(julian_day AS INTEGER) - 2440588) AS TIMESTAMP)
    ELSE rs_date_of(
        rs_year_of(y, short),
        coalesce(CAST(m AS INTEGER), 1),
        coalesce(CAST(d AS INTEGER), 1),
        CAST(doy AS INTEGER),
        strict
    )
END;

CREATE OR REPLACE MACRO rs_build_clock(h, mi, s, ms, us, half, strict) AS CASE
    WHEN strict AND (
        coalesce(CAST(h AS INTEGER), 0) > 23
        OR coalesce(CAST(mi AS INTEGER), 0) > 59
        OR coalesce(CAST(s AS INTEGER), 0) > 59
    )
        THEN error(
            'date/time field time value out of range: ' || coalesce(h, '0') || ':' || coalesce(mi, '0') || ':'
            || coalesce(CAST(CAST(s AS DOUBLE) AS VARCHAR), '0.0')
        )
    ELSE to_hours(CASE
            WHEN half IS NULL THEN coalesce(CAST(h AS BIGINT), 0)
            ELSE coalesce(CAST(h AS BIGINT), 0) % 12 + CASE WHEN lower(left(half, 1)) = 'p' THEN 12 ELSE 0 END
        END)
        + to_minutes(coalesce(CAST(mi AS BIGINT), 0))
        + to_seconds(coalesce(CAST(s AS BIGINT), 0))
        + to_microseconds(
            coalesce(CAST(rpad(ms, 3, '0') AS BIGINT), 0) * 1000 + coalesce(CAST(rpad(us, 6, '0') AS BIGINT), 0)
        )
END;
