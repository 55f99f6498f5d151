#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "load/loader.h"

void ldbx_load_note_statement(ldbx_loader *loader, const char *kind, const char *id, const char *sqlstate)
{
    ldbx_json_writer writer = {&loader->statements, loader->statements.size > 0};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_any(&writer, "id", id); /* a statement that was refused at once has none */
    ldbx_json_put_text(&writer, "kind", kind);
    ldbx_json_put_any(&writer, "sqlstate", sqlstate);
    ldbx_json_end_object(&writer);
}

static void put_files(const ldbx_loader *loader, const ldbx_manifest *load, ldbx_json_writer *writer)
{
    char name[LDBX_STAGED_SIZE], crc32[9];

    ldbx_json_begin_array(writer, "files");
    for (size_t i = 0; i < load->part_count; i++) {
        ldbx_staged_name(loader->job, &load->attempt, (int64_t)i + 1, name);
        snprintf(crc32, sizeof crc32, "%08x", load->parts[i].crc32);
        ldbx_json_begin_object(writer, NULL);
        ldbx_json_put_text(writer, "name", name);
        ldbx_json_put_int(writer, "bytes", load->parts[i].bytes);
        ldbx_json_put_int(writer, "rows", load->parts[i].rows);
        ldbx_json_put_text(writer, "crc32", crc32);
        ldbx_json_put_text(writer, "table", load->table);
        ldbx_json_end_object(writer);
    }
    ldbx_json_end_array(writer);
}

static void put_statements(const ldbx_loader *loader, ldbx_json_writer *writer)
{
    ldbx_json_begin_array(writer, "statements");
    ldbx_buf_view(writer->buf, ldbx_buf_get(&loader->statements));
    writer->buf->failed |= loader->statements.failed;
    ldbx_json_end_array(writer);
}

static void put_rows(const ldbx_load_result *result, ldbx_json_writer *writer)
{
    ldbx_json_begin_object(writer, "rows");
    ldbx_json_put_int(writer, "staged", result->rows_staged);
    ldbx_json_put_int(writer, "loaded", result->rows_loaded);
    ldbx_json_put_int(writer, "empty_as_null", result->empty_as_null);
    ldbx_json_end_object(writer);
}

static void put_version(ldbx_json_writer *writer, const char *name, int64_t version)
{
    if (version >= 0)
        ldbx_json_put_int(writer, name, version);
    else
        ldbx_json_put_null(writer, name);
}

static const char *state_of(const ldbx_loader *loader, const ldbx_load_result *result)
{
    return result->complete ? "done" : ldbx_load_state_name(loader->document.load.state);
}

static void write_report(const ldbx_loader *loader, ldbx_json_writer *writer)
{
    static const ldbx_view null = {"null", 4};
    const ldbx_manifest *load = ldbx_load_shown(loader);
    ldbx_load_result result = {.size = sizeof result};

    ldbx_loader_result_get(loader, &result);
    ldbx_json_begin_object(writer, NULL);
    ldbx_json_put_any(writer, "run", result.run);
    ldbx_json_put_text(writer, "job", loader->key);
    ldbx_json_put_text(writer, "state", state_of(loader, &result));
    ldbx_json_put_instant(writer, "started", loader->started_us);
    ldbx_json_put_instant(writer, "finished", loader->finished_us);
    put_files(loader, load, writer);
    put_statements(loader, writer);
    put_rows(&result, writer);
    ldbx_json_begin_object(writer, "versions");
    put_version(writer, "before", result.version_before);
    put_version(writer, "after", result.version_after);
    ldbx_json_end_object(writer);
    ldbx_json_put_int(writer, "attempts", result.attempts);
    ldbx_json_begin_array(writer, "warnings");
    if (result.warning != NULL && result.warning[0] != '\0')
        ldbx_json_put_text(writer, NULL, result.warning);
    ldbx_json_end_array(writer);
    ldbx_json_put_raw(writer, "error", loader->failure.size > 0 ? ldbx_buf_get(&loader->failure) : null);
    writer->buf->failed |= loader->failure.failed;
    ldbx_json_end_object(writer);
}

const char *ldbx_loader_report(ldbx_loader *loader)
{
    ldbx_json_writer writer = {&loader->report, false};

    ldbx_buf_reset(&loader->report);
    write_report(loader, &writer);
    return ldbx_buf_cstr(&loader->report);
}
