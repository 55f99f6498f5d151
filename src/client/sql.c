#include "client/sql.h"

#include <string.h>

#include "base/civil.h"

void ldbx_sql_identifier(ldbx_buf *sql, const char *name)
{
    ldbx_buf_byte(sql, '`');
    for (; *name != '\0'; name++) {
        if (*name == '`')
            ldbx_buf_byte(sql, '`');
        ldbx_buf_byte(sql, (uint8_t)*name);
    }
    ldbx_buf_byte(sql, '`');
}

void ldbx_sql_name(ldbx_buf *sql, const char *catalog, const char *schema, const char *table)
{
    const char *const parts[] = {catalog, schema, table};
    bool first = true;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i] == NULL)
            continue;
        if (!first)
            ldbx_buf_byte(sql, '.');
        ldbx_sql_identifier(sql, parts[i]);
        first = false;
    }
}

/*
 * NULL: the byte stands for itself. NUL is not `\0`, which together with two digits behind it would be read
 * as an octal number. `${` is where clusters substitute variables, inside of literals too.
 */
static const char *escape_of(ldbx_view text, size_t at)
{
    switch (text.data[at]) {
    case '\\':
        return "\\\\";
    case '\'':
        return "\\'";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\0':
        return "\\u0000";
    case 0x1a:
        return "\\Z";
    case '$':
        return at + 1 < text.size && text.data[at + 1] == '{' ? "\\u0024" : NULL;
    default:
        return NULL;
    }
}

void ldbx_sql_string(ldbx_buf *sql, ldbx_view text)
{
    ldbx_buf_byte(sql, '\'');
    for (size_t i = 0; i < text.size; i++) {
        const char *escape = escape_of(text, i);
        if (escape != NULL)
            ldbx_buf_str(sql, escape);
        else
            ldbx_buf_byte(sql, (uint8_t)text.data[i]);
    }
    ldbx_buf_byte(sql, '\'');
}

void ldbx_sql_time(ldbx_buf *sql, ldbx_type type, int64_t us)
{
    char text[48];

    if (type == LDBX_TYPE_DATE) {
        int64_t days = us / LDBX_US_PER_DAY - (us % LDBX_US_PER_DAY < 0);
        ldbx_buf_str(sql, "DATE '");
        ldbx_buf_append(sql, text, ldbx_format_date(text, days));
    } else {
        bool utc = type != LDBX_TYPE_TIMESTAMP_NTZ;
        ldbx_buf_str(sql, utc ? "TIMESTAMP '" : "TIMESTAMP_NTZ '");
        ldbx_buf_append(sql, text, ldbx_format_timestamp(text, us, utc));
    }
    ldbx_buf_byte(sql, '\'');
}
