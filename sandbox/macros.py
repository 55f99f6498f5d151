"""Spark's semantics as DuckDB macros, where the two would differ without a word.

`typeof` of an argument is a constant to DuckDB, so the branches of other types cost nothing; TRY_CAST keeps those branches
valid for types they are never run with.
"""

INTEGERS = {"tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT"}
FLOATS = {"float": "FLOAT", "double": "DOUBLE"}
INVALID = "error('[CAST_INVALID_INPUT] The value ''' || CAST(x AS VARCHAR) || ''' cannot be cast to \"{}\" because it is malformed.')"
OVERFLOW = "error('[CAST_OVERFLOW] The value ' || CAST(x AS VARCHAR) || ' cannot be cast to \"{}\" due to an overflow.')"
TRY = {"prefix": "spark_try_", "cast": "TRY_CAST", "invalid": "NULL"}
BY_ZERO = ("error('[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL "
           "instead.')")
REFUSED = "error('[UNSUPPORTED_BY_SANDBOX] The sandbox does not support {}.')"


def _matches(pattern):
    return f"regexp_full_match(trim(CAST(x AS VARCHAR)), '{pattern}')"


def _integer(name, duck, prefix="spark_", cast="CAST", invalid=INVALID, overflow=OVERFLOW):
    """Spark cuts fractions off where DuckDB rounds, and takes no '1.0', '1e3' or '0x1'."""
    return f"""{prefix}{name}(x) AS CASE
        WHEN typeof(x) = 'VARCHAR' THEN CASE WHEN {_matches('[+-]?[0-9]+')} THEN {cast}(trim(CAST(x AS VARCHAR)) AS {duck})
            WHEN x IS NULL THEN NULL ELSE {invalid.format(name.upper())} END
        WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN {cast}(trunc(TRY_CAST(x AS DOUBLE)) AS {duck})
        WHEN typeof(x) LIKE 'DECIMAL%' THEN {cast}(regexp_extract(CAST(x AS VARCHAR), '^-?[0-9]+') AS {duck})
        WHEN typeof(x) IN ('BOOLEAN', 'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', '"NULL"')
            THEN CASE WHEN x IS NOT NULL AND TRY_CAST(x AS {duck}) IS NULL
                THEN {overflow.format(name.upper())}
                ELSE TRY_CAST(x AS {duck}) END
        ELSE {REFUSED.format("CAST(' || typeof(x) || ' AS " + name.upper() + ")")} END"""


def _float(name, duck, prefix="spark_", cast="CAST", invalid=INVALID):
    pattern = NUMBER + "|[+-]?(?i:inf|infinity)|(?i:nan)"
    return f"""{prefix}{name}(x) AS CASE
        WHEN typeof(x) = 'VARCHAR' AND NOT {_matches(pattern)} THEN {invalid.format(name.upper())}
        ELSE {cast}(x AS {duck}) END"""


DAY = "[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}"
CLOCK = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
ZONE = "(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)"
NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"

MACROS = [
    *(_integer(*item) for item in INTEGERS.items()),
    *(_float(*item) for item in FLOATS.items()),
    *(_integer(*item, **TRY, overflow="NULL") for item in INTEGERS.items()),
    *(_float(*item, **TRY) for item in FLOATS.items()),
    # Guards: the value as it is, or an error where DuckDB would take text that Spark does not.
    f"""spark_number(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT {_matches(NUMBER)} THEN {INVALID.format('DECIMAL')} ELSE x END""",
    f"""spark_day(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT {_matches(DAY + '([T ].*)?')}
        THEN {INVALID.format('DATE')} ELSE x END""",
    f"""spark_time(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT {_matches(DAY + f'([T ]{CLOCK}( ?{ZONE})?)?')}
        THEN {INVALID.format('TIMESTAMP')} WHEN typeof(x) NOT IN ('VARCHAR', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', '"NULL"')
        THEN {REFUSED.format("CAST(' || typeof(x) || ' AS TIMESTAMP)")} ELSE x END""",
    f"""spark_boolean(x) AS CASE
        WHEN typeof(x) = 'VARCHAR' AND lower(trim(CAST(x AS VARCHAR))) IN ('t', 'true', 'y', 'yes', '1') THEN true
        WHEN typeof(x) = 'VARCHAR' AND lower(trim(CAST(x AS VARCHAR))) IN ('f', 'false', 'n', 'no', '0') THEN false
        WHEN typeof(x) = 'VARCHAR' AND x IS NOT NULL THEN {INVALID.format('BOOLEAN')}
        ELSE TRY_CAST(x AS BOOLEAN) END""",
    # DuckDB writes 1e+20 and +00 where Spark writes 1.0E20 and nothing.
    f"""spark_string(x) AS CASE
        WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN regexp_replace(CAST(x AS VARCHAR), '[+-][0-9]{{2}}(:[0-9]{{2}})*$', '')
        WHEN typeof(x) = 'BLOB' THEN decode(TRY_CAST(x AS BLOB))
        WHEN typeof(x) IN ('DOUBLE', 'FLOAT') AND isfinite(TRY_CAST(x AS DOUBLE)) AND TRY_CAST(x AS DOUBLE) <> 0
            AND NOT abs(TRY_CAST(x AS DOUBLE)) BETWEEN 0.001 AND 9999999
            THEN {REFUSED.format("the text of a DOUBLE in scientific notation (' || CAST(x AS VARCHAR) || ')")}
        WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN replace(replace(CAST(x AS VARCHAR), 'inf', 'Infinity'), 'nan', 'NaN')
        WHEN typeof(x) LIKE '%[]' OR typeof(x) LIKE 'MAP(%' OR typeof(x) LIKE 'STRUCT(%'
            THEN {REFUSED.format("CAST(' || typeof(x) || ' AS STRING)")}
        ELSE CAST(x AS VARCHAR) END""",
    f"""spark_binary(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN encode(CAST(x AS VARCHAR)) WHEN typeof(x) IN ('BLOB', '"NULL"')
        THEN TRY_CAST(x AS BLOB) ELSE {REFUSED.format("CAST(' || typeof(x) || ' AS BINARY)")} END""",
    # Decimals divide and average to DECIMAL in Spark, to DOUBLE in DuckDB.
    f"""spark_not_decimal(x) AS CASE WHEN typeof(x) LIKE 'DECIMAL%'
        THEN {REFUSED.format('this function of a DECIMAL; cast it to DOUBLE')} ELSE x END""",
    f"""spark_divide(a, b) AS CASE
        WHEN (typeof(a) LIKE 'DECIMAL%' OR typeof(b) LIKE 'DECIMAL%')
            AND NOT (typeof(a) IN ('DOUBLE', 'FLOAT') OR typeof(b) IN ('DOUBLE', 'FLOAT'))
            THEN {REFUSED.format('division of DECIMAL; cast it to DOUBLE')}
        WHEN b = 0 THEN {BY_ZERO}
        ELSE a / b END""",
    "spark_try_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE spark_divide(a, b) END",
    f"""spark_div(a, b) AS CASE WHEN b = 0 THEN {BY_ZERO}
        ELSE CAST(a // b AS BIGINT) END""",
    "spark_mod(a, b) AS CASE WHEN b = 0 THEN error('[REMAINDER_BY_ZERO] Remainder by zero.') ELSE a % b END",
    "spark_pmod(a, b) AS spark_mod(spark_mod(a, b) + b, b)",
    "spark_substring(s, p) AS substring(s, CASE WHEN p = 0 THEN 1 ELSE p END)",
    "spark_substring3(s, p, n) AS substring(s, CASE WHEN p = 0 THEN 1 ELSE p END, greatest(n, 0))",
    "spark_left(s, n) AS left(s, greatest(n, 0))",
    "spark_right(s, n) AS right(s, greatest(n, 0))",
    "spark_concat(a, b) AS spark_string(a) || spark_string(b)",
    "spark_sign(x) AS CAST(sign(x) AS DOUBLE)",
    "spark_uuid() AS CAST(uuid() AS VARCHAR)",
    "spark_nvl2(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END",
    # The difference of two days is an interval in Spark, a number in DuckDB.
    f"""spark_minus(a, b) AS CASE WHEN typeof(a) = 'DATE' AND typeof(b) = 'DATE'
        THEN {REFUSED.format('the difference of two DATE; use datediff')} ELSE a - b END""",
    "spark_length(s) AS CAST(length(s) AS INTEGER)",
    "spark_size(a) AS CAST(len(a) AS INTEGER)",
    "spark_ceil(x) AS CAST(ceil(spark_not_decimal(x)) AS BIGINT)",
    "spark_floor(x) AS CAST(floor(spark_not_decimal(x)) AS BIGINT)",
    "spark_dayofweek(d) AS CAST(dayofweek(CAST(spark_day(d) AS DATE)) + 1 AS INTEGER)",
    "spark_weekday(d) AS CAST(isodow(CAST(spark_day(d) AS DATE)) - 1 AS INTEGER)",
    *(f"spark_{part}(d) AS CAST({duck}(CAST(spark_day(d) AS DATE)) AS INTEGER)" for part, duck in
      {"year": "year", "quarter": "quarter", "month": "month", "dayofmonth": "day", "dayofyear": "dayofyear", "weekofyear": "week"}.items()),
    *(f"spark_{part}(t) AS CAST({part}(CAST(spark_time(t) AS TIMESTAMPTZ)) AS INTEGER)" for part in ("hour", "minute", "second")),
    "spark_date_add(d, n) AS CAST(spark_day(d) AS DATE) + CAST(n AS INTEGER)",
    "spark_date_sub(d, n) AS CAST(spark_day(d) AS DATE) - CAST(n AS INTEGER)",
    "spark_datediff(a, b) AS CAST(CAST(spark_day(a) AS DATE) - CAST(spark_day(b) AS DATE) AS INTEGER)",
    "spark_to_date(d) AS CAST(spark_day(d) AS DATE)",
    "spark_to_timestamp(t) AS CAST(spark_time(t) AS TIMESTAMPTZ)",
    "spark_unix_micros(t) AS epoch_us(CAST(spark_time(t) AS TIMESTAMPTZ))",
    "spark_unix_millis(t) AS CAST(floor(epoch_us(CAST(spark_time(t) AS TIMESTAMPTZ)) / 1000.0::DOUBLE) AS BIGINT)",
    "spark_unix_seconds(t) AS CAST(floor(epoch_us(CAST(spark_time(t) AS TIMESTAMPTZ)) / 1000000.0::DOUBLE) AS BIGINT)",
    "spark_timestamp_micros(n) AS make_timestamptz(CAST(n AS BIGINT))",
    "spark_timestamp_millis(n) AS make_timestamptz(CAST(n AS BIGINT) * 1000)",
    "spark_timestamp_seconds(n) AS make_timestamptz(CAST(n AS BIGINT) * 1000000)",
    "spark_base64(b) AS to_base64(spark_binary(b))",
    "spark_unbase64(s) AS from_base64(s)",
    "spark_hex(b) AS CASE WHEN typeof(b) IN ('VARCHAR', 'BLOB') THEN hex(spark_binary(b)) ELSE hex(TRY_CAST(b AS BIGINT)) END",
    "spark_md5(b) AS md5(spark_binary(b))",
    "spark_instr(s, part) AS CAST(strpos(s, part) AS INTEGER)",
    "spark_isnull(x) AS x IS NULL",
    "spark_isnotnull(x) AS x IS NOT NULL",
    # Spark hashes no maps. An order by a value's JSON text is here an order by the value.
    # The error is a failing cast because error() counts as volatile, which no order may be.
    """spark_no_map_hash() AS CAST('[DATATYPE_MISMATCH.HASH_MAP_TYPE] Input to the function `xxhash64` cannot contain elements of '
        || 'the "MAP" type.' AS UBIGINT)""",
    "spark_hashable(x) AS CASE WHEN typeof(x) LIKE '%MAP(%' THEN spark_no_map_hash() ELSE hash(x) END",
    "spark_order_text(x) AS x",
    "spark_array_contains(a, x) AS CASE WHEN x IS NULL THEN NULL ELSE list_contains(a, x) END",
]


def define(connection):
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
