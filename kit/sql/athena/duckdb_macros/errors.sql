-- Raising Trino's errors: `value`, or the error `message` (`CODE: text`) where `bad` is true. The cast to BOOLEAN can only
-- fail. It stands in a result and never in a condition, because DuckDB computes constant conditions beforehand; `error()`
-- would be volatile, which TRY does not take.

CREATE OR REPLACE MACRO kit_check(bad, message, value) AS (
    CASE WHEN bad THEN [NULL][CAST(CAST(message AS BOOLEAN) AS INTEGER)] ELSE value END
);
