"""The functions the sandbox knows. Spark's name on the left; anything else is refused by that name.

A function is either the same in DuckDB, or another name there, or one of our macros (`spark_...`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    target: str
    least: int
    most: int
    integer: bool = False   # Spark's result is INT where DuckDB's is BIGINT


def _same(least, most, *names, integer=False):
    return {name: Function(name, least, most, integer) for name in names}


def _renamed(least, most, integer=False, **names):
    return {name: Function(target, least, most, integer) for name, target in names.items()}


AGGREGATES = {
    **_same(1, 1, "count", "count_if", "sum", "min", "max", "any_value", "first", "last", "bool_and", "bool_or", "stddev_samp",
            "stddev_pop", "var_samp", "var_pop", "bit_and", "bit_or", "bit_xor"),
    **_same(2, 2, "corr", "covar_pop", "covar_samp"),
    **_renamed(1, 1, avg="avg", mean="avg", median="median", every="bool_and", some="bool_or", stddev="stddev_samp",
               std="stddev_samp", variance="var_samp", approx_count_distinct="approx_count_distinct"),
    **_renamed(2, 2, max_by="arg_max", min_by="arg_min", percentile="quantile_cont"),
    **_same(1, 2, "string_agg"),
    **_renamed(2, 3, percentile_approx="quantile_disc", approx_percentile="quantile_disc"),
    **_renamed(1, 1, collect_list="list", array_agg="list", collect_set="list"),
}

# Averages of decimals are DECIMAL in Spark.
NO_DECIMALS = {"avg", "mean", "median", "stddev", "std", "variance"}

WINDOW = {
    **_same(0, 0, "row_number", "rank", "dense_rank", integer=True),
    **_same(0, 0, "percent_rank", "cume_dist"),
    **_same(1, 1, "ntile", integer=True),
    **_same(1, 3, "lag", "lead"),
    **_same(1, 1, "first_value", "last_value"),
    **_same(2, 2, "nth_value"),
}

SCALARS = {
    **_same(1, 99, "coalesce", "greatest", "least"),
    **_same(2, 2, "nullif", "repeat", "starts_with"),
    **_same(1, 1, "upper", "lower", "reverse", "abs", "sqrt", "cbrt", "exp", "ln", "log10", "log2", "sin", "cos", "tan", "asin",
            "acos", "atan", "degrees", "radians", "ascii", "chr", "isnan", "map_keys", "map_values", "last_day"),
    **_same(2, 2, "atan2", "ifnull"),
    **_same(0, 0, "pi"),
    **_same(2, 3, "replace"),
    **_same(3, 3, "translate", "lpad", "rpad"),
    **_same(1, 2, "round"),
    **_renamed(1, 1, ucase="upper", lcase="lower", char="chr", sign="spark_sign", signum="spark_sign"),
    **_renamed(1, 1, ltrim="ltrim", rtrim="rtrim", trim="trim"),
    **_renamed(2, 2, startswith="starts_with", endswith="ends_with", contains="contains", nvl="ifnull", power="pow", pow="pow",
               mod="spark_mod", pmod="spark_pmod", try_divide="spark_try_divide", date_add="spark_date_add",
               dateadd="spark_date_add", date_sub="spark_date_sub", datediff="spark_datediff", date_diff="spark_datediff",
               array_contains="spark_array_contains", instr="spark_instr", left="spark_left", right="spark_right"),
    **_renamed(1, 1, length="spark_length", len="spark_length", char_length="spark_length", character_length="spark_length",
               size="spark_size", array_size="spark_size", ceil="spark_ceil", ceiling="spark_ceil", floor="spark_floor",
               dayofweek="spark_dayofweek", weekday="spark_weekday", year="spark_year", quarter="spark_quarter",
               month="spark_month", day="spark_dayofmonth", dayofmonth="spark_dayofmonth", dayofyear="spark_dayofyear",
               weekofyear="spark_weekofyear", hour="spark_hour", minute="spark_minute", second="spark_second",
               to_date="spark_to_date", date="spark_to_date", to_timestamp="spark_to_timestamp",
               unix_micros="spark_unix_micros", unix_millis="spark_unix_millis", unix_seconds="spark_unix_seconds",
               timestamp_micros="spark_timestamp_micros", timestamp_millis="spark_timestamp_millis",
               timestamp_seconds="spark_timestamp_seconds", base64="spark_base64", unbase64="spark_unbase64", hex="spark_hex",
               unhex="unhex", md5="spark_md5", isnull="spark_isnull", isnotnull="spark_isnotnull", string="spark_string",
               double="spark_double", int="spark_int", bigint="spark_bigint"),
    **_renamed(2, 3, substring="spark_substring", substr="spark_substring"),
    **_renamed(3, 3, nvl2="spark_nvl2"),
    **_renamed(0, 0, uuid="spark_uuid", now="now", current_timestamp="now", current_date="current_date"),
}

FUNCTIONS = {**AGGREGATES, **WINDOW, **SCALARS}

# Date patterns: Java's letters and what DuckDB's strftime calls them. Longest first.
PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "SSSSSS": "%f", "SSS": "%g",
            "a": "%p", "EEEE": "%A", "EEE": "%a", "E": "%a", "MMMM": "%B", "MMM": "%b", "DDD": "%j"}
