#include "client/dialect.h"

#include "base/error.h"
#include "client/sql.h"
#include "wire/tcli.h"

#define OLDEST_COLUMN_SETS 5  /* hive protocol V6; before it results came row by row */
#define NEWEST_HIVE        10 /* V11 */

static const ldbx_dialect databricks = {.takes_settings = true,
                                        .sends_arrow = true,
                                        .limits_bytes = true,
                                        .announces_more = true,
                                        .names_types = true,
                                        .copies_into = true};

static const ldbx_dialect hive = {0};

int ldbx_dialect_find(int32_t protocol, const ldbx_dialect **out, ldbx_error **error)
{
    *out = protocol >= LDBX_PROTOCOL_MINIMUM ? &databricks : &hive;
    if (protocol < 0)
        return ldbx_fail(error, LDBX_PROTOCOL, "OpenSession: the answer names no protocol");
    if (protocol < OLDEST_COLUMN_SETS)
        return ldbx_fail(error, LDBX_UNSUPPORTED,
                         "the server speaks hive protocol %d, whose results come row by row: %d (Hive 0.13, Spark 1.2) "
                         "is the oldest that can be read",
                         (int)protocol, OLDEST_COLUMN_SETS);
    if (protocol < LDBX_PROTOCOL_MINIMUM && protocol > NEWEST_HIVE)
        return ldbx_fail(error, LDBX_PROTOCOL, "the server speaks protocol %d, which is neither Databricks' nor hive's",
                         (int)protocol);
    return LDBX_OK;
}

bool ldbx_dialect_opening(const ldbx_dialect *dialect, const ldbx_config *config, size_t index, ldbx_buf *sql)
{
    static const char *const settings[] = {"SET spark.sql.session.timeZone=UTC", "SET spark.sql.ansi.enabled=true"};
    const size_t count = sizeof settings / sizeof settings[0];
    const bool has_namespace = config->catalog != NULL || config->schema != NULL;

    ldbx_buf_reset(sql);
    if (dialect->takes_settings || index > count || (index == count && !has_namespace))
        return false;
    if (index < count) {
        ldbx_buf_str(sql, settings[index]);
    } else {
        ldbx_buf_str(sql, "USE ");
        ldbx_sql_name(sql, config->catalog, config->schema, NULL);
    }
    return true;
}
