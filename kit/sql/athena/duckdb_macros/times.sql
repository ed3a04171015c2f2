-- Dates, times, zones and intervals. A timestamp that brings its own zone is a struct: `t` the instant, `z` the zone.

CREATE OR REPLACE MACRO kit_round_timestamp(value, unit) AS (
    make_timestamp(
        CAST((epoch_us(value) + unit // 2 - (((epoch_us(value) + unit // 2) % unit) + unit) % unit) AS BIGINT)
    )
);

CREATE OR REPLACE MACRO kit_is_date(text) AS (
    regexp_full_match(text, '\s*[+-]?[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}\s*')
);

CREATE OR REPLACE MACRO kit_timestamp_shape() AS (
    '\s*[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?'
);

CREATE OR REPLACE MACRO kit_is_timestamp(text) AS (regexp_full_match(text, kit_timestamp_shape() || '\s*'));

CREATE OR REPLACE MACRO kit_is_time(text) AS (
    regexp_full_match(text, '\s*[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?\s*')
);

CREATE OR REPLACE MACRO kit_timestamp(text, places) AS (
    CASE
        WHEN places >= 6 THEN CAST(trim(text) AS TIMESTAMP)
        ELSE kit_round_timestamp(CAST(trim(text) AS TIMESTAMP), CAST(pow(10, 6 - places) AS BIGINT))
    END
);

CREATE OR REPLACE MACRO kit_is_offset(zone) AS (regexp_full_match(zone, '[+-][0-9]{1,2}(:?[0-9]{2})?'));

CREATE OR REPLACE MACRO kit_zone(zone) AS (
    CASE
        WHEN zone IN (
            'Z',
            'UTC',
            'GMT',
            'UT',
            'Zulu',
            'Etc/UTC',
            'Etc/GMT',
            '+00:00',
            '-00:00',
            '+0000',
            '-0000',
            '+00',
            '-00'
        )
            THEN 'UTC'
        WHEN kit_is_offset(zone)
            THEN left(zone, 1) || lpad(regexp_extract(zone, '^.([0-9]{1,2})', 1), 2, '0') || ':'
                || lpad(regexp_extract(zone, '^.[0-9]{1,2}:?([0-9]{2})$', 1), 2, '0')
        ELSE zone
    END
);

CREATE OR REPLACE MACRO kit_offset_minutes(zone) AS (
    (CAST(left(zone, 3) AS INTEGER) * 60 + CAST(left(zone, 1) || right(zone, 2) AS INTEGER))
);

CREATE OR REPLACE MACRO kit_local(moment, zone) AS (
    CASE
        WHEN zone = 'UTC' THEN timezone('UTC', moment)
        WHEN kit_is_offset(zone) THEN timezone('UTC', moment) + to_minutes(kit_offset_minutes(zone))
        ELSE timezone(zone, moment)
    END
);

CREATE OR REPLACE MACRO kit_instant(wall, zone) AS (
    CASE
        WHEN zone = 'UTC' THEN timezone('UTC', wall)
        WHEN kit_is_offset(zone) THEN timezone('UTC', wall - to_minutes(kit_offset_minutes(zone)))
        ELSE timezone(zone, wall)
    END
);

CREATE OR REPLACE MACRO kit_zoned(wall, zone) AS (
    CASE
        WHEN wall IS NULL OR zone IS NULL THEN NULL
        ELSE {'t': kit_instant(wall, kit_zone(zone)), 'z': kit_zone(zone)}
    END
);

CREATE OR REPLACE MACRO kit_is_zoned(text) AS (
    regexp_matches(text, '^' || kit_timestamp_shape() || '\s*([A-Za-z+-].*)?$')
);

CREATE OR REPLACE MACRO kit_zoned_text(text, places) AS (
    kit_zoned(
        kit_timestamp(regexp_extract(text, '^' || kit_timestamp_shape()), places),
        coalesce(nullif(trim(regexp_replace(text, '^' || kit_timestamp_shape(), '')), ''), 'UTC')
    )
);

CREATE OR REPLACE MACRO kit_zone_at_end(text) AS (
    regexp_extract(text, '(Z|[+-][0-9]{2}:?[0-9]{2}|[A-Za-z]+(/[A-Za-z_]+)*)$')
);

CREATE OR REPLACE MACRO kit_offset_text(wall, moment, colon) AS (
    CASE WHEN epoch_us(wall) < epoch_us(moment) THEN '-' ELSE '+' END
        || lpad(CAST(abs(epoch_us(wall) - epoch_us(moment)) // 3600000000 AS VARCHAR), 2, '0') || colon
        || lpad(CAST(abs(epoch_us(wall) - epoch_us(moment)) // 60000000 % 60 AS VARCHAR), 2, '0')
);

CREATE OR REPLACE MACRO kit_iso_offset(wall, moment, zone) AS (
    CASE WHEN zone = 'UTC' THEN 'Z' ELSE kit_offset_text(wall, moment, ':') END
);

CREATE OR REPLACE MACRO kit_zone_name(wall, zone, form) AS (
    CASE form
        WHEN 'Z1' THEN kit_offset_text(wall, kit_instant(wall, zone), '')
        WHEN 'Z2' THEN kit_offset_text(wall, kit_instant(wall, zone), ':')
        ELSE zone
    END
);

CREATE OR REPLACE MACRO kit_timezone_hour(wall, moment) AS (
    CAST(trunc((epoch_us(wall) - epoch_us(moment)) / 3600000000) AS BIGINT)
);

CREATE OR REPLACE MACRO kit_timezone_minute(wall, moment) AS (
    ((epoch_us(wall) - epoch_us(moment)) // 60000000 % 60)
);

CREATE OR REPLACE MACRO kit_iso_shape() AS (
    '([0-9]{4,6})(-[0-9]{2}(-[0-9]{2})?)?(T[0-9]{2}(:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?'
);

CREATE OR REPLACE MACRO kit_iso_moment(day, clock) AS (
    date_trunc(
        'millisecond',
        CAST(
            day || CASE length(day) WHEN 4 THEN '-01-01' WHEN 7 THEN '-01' ELSE '' END || ' '
                || CASE length(clock)
                    WHEN 0 THEN '00:00'
                    WHEN 2 THEN clock || ':00'
                    ELSE replace(clock, ',', '.')
                END AS TIMESTAMP
        )
    )
);

CREATE OR REPLACE MACRO kit_iso_wall(text) AS (
    kit_iso_moment(regexp_extract(text, '^[^T]*'), regexp_extract(text, 'T([0-9:.,]+)', 1))
);

CREATE OR REPLACE MACRO kit_iso_timestamp(text) AS (
    kit_check(
        NOT regexp_full_match(text, kit_iso_shape()),
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "' || text || '"',
        kit_zoned(
            kit_iso_wall(text),
            coalesce(nullif(regexp_extract(text, 'T[0-9:.,]+(Z|[+-][0-9:]+)$', 1), ''), 'UTC')
        )
    )
);

CREATE OR REPLACE MACRO kit_iso_date(text) AS (
    kit_check(
        NOT regexp_full_match(text, '[0-9]{4,6}-[0-9]{2}-[0-9]{2}'),
        'INVALID_FUNCTION_ARGUMENT: Invalid format: "' || text || '"',
        CAST(text AS DATE)
    )
);

CREATE OR REPLACE MACRO kit_pivot(moment) AS (
    CASE WHEN year(moment) = 1969 THEN moment + to_years(100) ELSE moment END
);

CREATE OR REPLACE MACRO kit_series(first, last, step, value) AS (
    kit_check(
        step = 0,
        'INVALID_FUNCTION_ARGUMENT: interval must not be zero',
        kit_check(
            (step > 0 AND last < first) OR (step < 0 AND last > first),
            'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',
            kit_check(
                len(value) > 10000,
                'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries',
                value
            )
        )
    )
);

CREATE OR REPLACE MACRO kit_moments(first, last, step) AS (
    kit_series(
        first,
        last,
        epoch_us(step),
        generate_series(CAST(first AS TIMESTAMP), CAST(last AS TIMESTAMP), step)
    )
);

CREATE OR REPLACE MACRO kit_months_apart(first, last, step) AS (
    kit_series(
        first,
        last,
        step,
        list_transform(
            range(date_sub('month', first, last) // step + 1),
            lambda i: first + to_months(CAST(i * step AS INTEGER))
        )
    )
);

CREATE OR REPLACE MACRO kit_duration(text) AS (
    kit_check(
        NOT regexp_full_match(text, '\s*[0-9]+(\.[0-9]+)?\s*(ns|us|ms|s|m|h|d)\s*'),
        'INVALID_FUNCTION_ARGUMENT: duration is not a valid data duration string: ' || text,
        to_milliseconds(
            CAST(
                round(
                    CAST(regexp_extract(text, '[0-9.]+') AS DOUBLE)
                        * CASE regexp_extract(text, '[a-z]+')
                            WHEN 'ns' THEN 0.000001
                            WHEN 'us' THEN 0.001
                            WHEN 'ms' THEN 1
                            WHEN 's' THEN 1000
                            WHEN 'm' THEN 60000
                            WHEN 'h' THEN 3600000
                            ELSE 86400000
                        END
                ) AS BIGINT
            )
        )
    )
);

CREATE OR REPLACE MACRO kit_clock_text(micros) AS (
    CAST(micros // 86400000000 AS VARCHAR) || ' '
        || lpad(CAST(micros // 3600000000 % 24 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(micros // 60000000 % 60 AS VARCHAR), 2, '0') || ':'
        || lpad(CAST(micros // 1000000 % 60 AS VARCHAR), 2, '0') || '.'
        || lpad(CAST(micros // 1000 % 1000 AS VARCHAR), 3, '0')
);

CREATE OR REPLACE MACRO kit_interval_day_text(value) AS (
    CASE WHEN epoch_us(value) < 0 THEN '-' ELSE '' END || kit_clock_text(abs(epoch_us(value)))
);

CREATE OR REPLACE MACRO kit_interval_year_text(value) AS (
    CASE WHEN kit_months(value) < 0 THEN '-' ELSE '' END || CAST(abs(kit_months(value)) // 12 AS VARCHAR)
        || '-' || CAST(abs(kit_months(value)) % 12 AS VARCHAR)
);
