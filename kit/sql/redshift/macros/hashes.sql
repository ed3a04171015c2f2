-- FNV-1a, CRC-32, STRTOL and bytes.

CREATE OR REPLACE MACRO rs_text_bytes(x) AS list_transform(
    range(0, CAST(strlen(x) AS BIGINT)),
    lambda i: CAST('0x' || substr(hex(encode(x)), CAST(i * 2 + 1 AS BIGINT), 2) AS HUGEINT)
);

CREATE OR REPLACE MACRO rs_blob_bytes(x) AS list_transform(
    range(0, CAST(octet_length(x) AS BIGINT)),
    lambda i: CAST('0x' || substr(hex(x), CAST(i * 2 + 1 AS BIGINT), 2) AS HUGEINT)
);

-- The least significant byte first.
CREATE OR REPLACE MACRO rs_integer_bytes(x, width) AS list_transform(
    range(0, width),
    lambda i: (rs_unsigned(x) // CAST(pow(256, i) AS HUGEINT)) % 256
);

CREATE OR REPLACE MACRO rs_fnv1a(data, seed) AS CASE
    WHEN data IS NULL OR seed IS NULL THEN NULL
    ELSE rs_signed(list_reduce(
        list_prepend(CAST(seed AS HUGEINT), data),
        lambda h, b: (xor(h, b) * 1099511628211) % 18446744073709551616
    ))
END;

-- One byte of CRC-32: eight bits by the reflected polynomial.
CREATE OR REPLACE MACRO rs_crc32_step(c) AS list_reduce(
    list_prepend(c, [0, 1, 2, 3, 4, 5, 6, 7]::HUGEINT[]),
    lambda a, b: CASE WHEN a % 2 = 1 THEN xor(a // 2, 3988292384) ELSE a // 2 END
);

CREATE OR REPLACE MACRO rs_crc32(x) AS CASE
    WHEN x IS NULL THEN NULL
    ELSE lpad(
        printf('%x', CAST(xor(
            list_reduce(
                list_prepend(4294967295::HUGEINT, rs_text_bytes(x)),
                lambda c, b: xor(c // 256, rs_crc32_step(xor(c, b) % 256))
            ),
            4294967295
        ) AS BIGINT)),
        8,
        '0'
    )
END;

CREATE OR REPLACE MACRO rs_digit(c) AS strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1;

CREATE OR REPLACE MACRO rs_strtol_digits(t, base, x) AS CASE
    WHEN t IN ('', '+', '-') THEN 0
    WHEN NOT regexp_full_match(t, '[+-]?[0-9a-z]+')
        OR list_max(list_transform(string_split(ltrim(t, '+-'), ''), lambda c: rs_digit(c))) >= base
        THEN error('The input ' || x || ' is not valid to be converted to base ' || base)
    ELSE CAST(
        (CASE WHEN t[1] = '-' THEN -1 ELSE 1 END)
        * list_reduce(
            list_prepend(
                0::HUGEINT,
                list_transform(string_split(ltrim(t, '+-'), ''), lambda c: CAST(rs_digit(c) AS HUGEINT))
            ),
            lambda a, d: a * base + d
        )
        AS BIGINT)
END;

CREATE OR REPLACE MACRO rs_strtol(x, base) AS CASE
    WHEN x IS NULL OR base IS NULL THEN NULL
    WHEN base < 2 OR base > 36 THEN error('The input base must be between 2 and 36')
    ELSE rs_strtol_digits(
        CASE WHEN base = 16 THEN regexp_replace(lower(trim(x)), '^([+-]?)0x', '\1') ELSE lower(trim(x)) END,
        base,
        x
    )
END;

CREATE OR REPLACE MACRO rs_unhex(x) AS CASE
    WHEN NOT regexp_full_match(x, '([0-9A-Fa-f]{2})*') THEN error('invalid hexadecimal string')
    ELSE unhex(x)
END;

CREATE OR REPLACE MACRO rs_get_bit(x, n) AS CASE
    WHEN n < 0 OR n >= octet_length(x) * 8 THEN error('index ' || n || ' out of valid range')
    ELSE CAST(
        (rs_blob_bytes(x)[CAST(octet_length(x) - n // 8 AS BIGINT)] // CAST(pow(2, n % 8) AS HUGEINT)) % 2 AS INTEGER
    )
END;
