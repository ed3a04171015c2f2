-- Dates, times and their distances.

-- The last day of a month stays the last day.
CREATE OR REPLACE MACRO rs_add_months(x, n) AS CASE
    WHEN CAST(x AS DATE) = last_day(x)
        THEN CAST(last_day(x + to_months(CAST(n AS INTEGER))) AS TIMESTAMP) + (x - date_trunc('day', x))
    ELSE x + to_months(CAST(n AS INTEGER))
END;

-- 29 February, in a year that has none, is 1 March.
CREATE OR REPLACE MACRO rs_add_years(x, n) AS CASE
    WHEN month(x) = 2 AND day(x) = 29 AND day(x + to_years(n)) = 28 THEN x + to_years(n) + INTERVAL 1 DAY
    ELSE x + to_years(n)
END;

CREATE OR REPLACE MACRO rs_months_between(a, b) AS CASE
    WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b))
        THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
    ELSE (year(a) - year(b)) * 12 + month(a) - month(b)
        + (
            day(a) - day(b) + (epoch(a - date_trunc('day', a)) - epoch(b - date_trunc('day', b))) / 86400.0
        ) / 31.0
END;

-- Weeks begin on Sundays: 7 January of the year 1 was one, and 300,000 weeks keep the dividend positive.
CREATE OR REPLACE MACRO rs_week_number(d) AS (date_diff('day', DATE '0001-01-07', d) + 2100000) // 7;

CREATE OR REPLACE MACRO rs_weeks_between(a, b) AS rs_week_number(b) - rs_week_number(a);

-- Centuries and millennia begin with their year 1.
CREATE OR REPLACE MACRO rs_eras_between(a, b, years) AS
    CAST((year(b) + years - 1) // years - (year(a) + years - 1) // years AS BIGINT);

CREATE OR REPLACE MACRO rs_era_start(x, years) AS
    make_timestamp(CAST((year(x) - 1) // years * years + 1 AS BIGINT), 1, 1, 0, 0, 0.0);

CREATE OR REPLACE MACRO rs_next_day(d, dow) AS
    CAST(d + CAST((dow - dayofweek(d) + 6) % 7 + 1 AS INTEGER) AS DATE);

-- A time of day with a zone as a moment of 1 January 1970 in UTC.
CREATE OR REPLACE MACRO rs_timetz_utc(t) AS
    TIMESTAMP '1970-01-01'
    + to_seconds(CAST(
        (hour(t) * 3600 + minute(t) * 60 + second(t) - date_part('timezone', t) + 172800) % 86400 AS BIGINT
    ))
    + to_microseconds(microsecond(t) % 1000000);
