#include "loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "stage/stager.h"

static const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"name", "string"}, {"price", "decimal(10, 2)"}};

ldbx_store *loads_store;
ldbx_stager *loads_stager;
static char folder[256];

void loads_execute(const char *sql)
{
    expect_ok(ldbx_execute(connection, ldbx_view_of(sql), NULL, NULL, &error), error);
}

int64_t loads_ask(const char *sql)
{
    return flow_sum(sql, 0);
}

void loads_set_up(void)
{
    static int count;

    flow_start();
    ldbx_clock_skip_sleeps(true);
    flow_open(NULL);
    expect_ok(ldbx_store_new_memory(&loads_store, &error), error);
    snprintf(folder, sizeof folder, "%s/%d-%d", getenv("LDBX_TEST_STAGING"), (int)getpid(), count++);
    expect_ok(ldbx_stager_open_directory(folder, NULL, &loads_stager, &error), error);
    loads_execute("DROP TABLE IF EXISTS flow_load");
}

void loads_tear_down(void)
{
    ldbx_stager_destroy(loads_stager);
    ldbx_store_destroy(loads_store);
    flow_stop();
}

static int put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **hook)
{
    return ldbx_stager_put(user, name, content, crc32, cancel, hook);
}

static int forget(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **hook)
{
    return ldbx_stager_remove(user, name, cancel, hook);
}

ldbx_stager *loads_plain_stager(loads_access *access)
{
    const ldbx_stager_ops ops = {.size = sizeof ops, .put = put, .remove = forget, .access = access};
    ldbx_stager_options options;
    ldbx_stager *made = NULL;

    ldbx_stager_options_init(&options, sizeof options);
    options.url = ldbx_stager_url(loads_stager);
    expect_ok(ldbx_stager_new(&ops, &options, loads_stager, &made, &error), error);
    return made;
}

ldbx_loader_options loads_options(const char *source)
{
    ldbx_loader_options options;

    ldbx_loader_options_init(&options, sizeof options);
    options.database = "default";
    options.table = "flow_load";
    options.columns = columns;
    options.column_count = 3;
    options.part_rows = 1000;
    options.key = "Flow load";
    options.source = source;
    options.store = loads_store;
    return options;
}

int loads_append(ldbx_loader *loader, int64_t rows)
{
    int status = LDBX_OK;

    for (int64_t id = 0; status == LDBX_OK && id < rows; id++) {
        char name[32];
        ldbx_value values[3] = {{.kind = LDBX_VALUE_INTEGER, .as.integer = id}, {.kind = LDBX_VALUE_BYTES}, {0}};
        snprintf(name, sizeof name, "a \"%d\"\n", (int)id);
        values[1].as.bytes = id % 7 == 0 ? ldbx_view_of("") : ldbx_view_of(name);
        if (id % 5 != 0)
            values[2] = (ldbx_value){.kind = LDBX_VALUE_DECIMAL, .as.decimal = {.low = (uint64_t)id, .scale = 2}};
        status = ldbx_loader_append(loader, values, 3, &error);
    }
    return status;
}

int loads_run(ldbx_stager *stager, const ldbx_loader_options *options, ldbx_load_result *result)
{
    ldbx_loader *loader = NULL;
    int status = ldbx_loader_open(connection, stager, options, &loader, &error);

    if (status == LDBX_OK) {
        status = loads_append(loader, LOADS_ROWS);
        if (status == LDBX_OK)
            status = ldbx_loader_commit(loader, &error);
    }
    if (status >= LDBX_OK && result != NULL)
        ldbx_loader_result_get(loader, result);
    if (result != NULL) /* its texts go with the loader */
        result->run = result->warning = NULL;
    ldbx_loader_destroy(loader);
    return status;
}

int loads_staged_files(void)
{
    char command[320], line[32] = "";
    FILE *out;

    snprintf(command, sizeof command, "find '%s' -type f | wc -l", folder);
    out = popen(command, "r");
    ck_assert(out != NULL && fgets(line, sizeof line, out) != NULL);
    pclose(out);
    return atoi(line);
}

void loads_expect_each_once(void)
{
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), LOADS_ROWS);
    ck_assert_int_eq(loads_ask("SELECT count(DISTINCT id) FROM flow_load"), LOADS_ROWS);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE price IS NULL"), LOADS_ROWS / 5);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE name = ''"), (LOADS_ROWS + 6) / 7);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE "
                               "name = CASE WHEN id % 7 = 0 THEN '' ELSE concat('a \"', id, '\"\\n') END AND "
                               "(id % 5 = 0 OR price * 100 = id)"),
                     LOADS_ROWS);
}

const char *loads_folder(void)
{
    return folder;
}

const cJSON *loads_member(const cJSON *object, const char *name)
{
    const cJSON *found = ldbx_json_get(object, name);

    ck_assert_msg(found != NULL, "no %s", name);
    return found;
}

void loads_forget_error(void)
{
    ldbx_error_destroy(error);
    error = NULL;
}

int loads_wait_really(const ldbx_progress *progress, void *user)
{
    (void)user;
    if (progress->phase == LDBX_PHASE_LOAD)
        usleep(20000);
    return 0;
}

void loads_leave_sealed(const char *source)
{
    ldbx_loader_options options = loads_options(source);

    flow_faults("[{\"statement\": \"COPY INTO\", \"action\": \"refuse\", \"class\": \"PERMISSION_DENIED\", "
                "\"sqlstate\": \"42501\", "
                "\"message\": \"no\"}]");
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_FORBIDDEN, error);
    flow_faults(NULL);
    ck_assert_int_eq(loads_staged_files(), 3);
}
