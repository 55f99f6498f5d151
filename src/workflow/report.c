#include "workflow/run.h"

#include "base/civil.h"
#include "base/str.h"

static void put_watermark(ldbx_json_writer *writer, const char *name, const ldbx_import_summary *summary)
{
    char text[48];

    if (summary->has_watermark)
        ldbx_format_timestamp(text, summary->watermark_us, true);
    ldbx_json_put_text(writer, name, summary->has_watermark ? text : NULL);
}

/* The run that was done or tried, or NULL. */
static const char *run_of(const ldbx_run *run)
{
    if (run->summary.run != NULL)
        return run->summary.run;
    return run->idle ? NULL : ldbx_document_run(&run->document);
}

static void put_window(const ldbx_run *run, ldbx_json_writer *writer)
{
    const ldbx_import_summary *summary = &run->summary;

    ldbx_json_begin_object(writer, "window");
    ldbx_json_put_any(writer, "from", run->window_from);
    if (summary->complete && !summary->limited)
        put_watermark(writer, "to", summary);
    else
        ldbx_json_put_null(writer, "to");
    ldbx_json_end_object(writer);
}

static void put_rows(const ldbx_import_summary *summary, ldbx_json_writer *writer)
{
    ldbx_json_begin_object(writer, "rows");
    ldbx_json_put_int(writer, "delivered", summary->delivered);
    ldbx_json_put_int(writer, "staged", 0);
    ldbx_json_put_int(writer, "loaded", 0);
    ldbx_json_begin_object(writer, "omitted");
    if (summary->null_timestamps > 0)
        ldbx_json_put_int(writer, "null_timestamp", summary->null_timestamps);
    ldbx_json_end_object(writer);
    ldbx_json_put_int(writer, "groups_streamed", summary->groups_streamed);
    ldbx_json_end_object(writer);
}

/* An import only reads, so it knows one version. */
static void put_versions(const ldbx_run *run, ldbx_json_writer *writer)
{
    ldbx_json_begin_object(writer, "versions");
    if (run->import != NULL && run->summary.version >= 0)
        ldbx_json_put_int(writer, "before", run->summary.version);
    else
        ldbx_json_put_null(writer, "before");
    ldbx_json_put_null(writer, "after");
    ldbx_json_end_object(writer);
}

static void put_empty_array(ldbx_json_writer *writer, const char *name)
{
    ldbx_json_begin_array(writer, name);
    ldbx_json_end_array(writer);
}

static void put_warnings(const ldbx_run *run, ldbx_json_writer *writer)
{
    ldbx_buf lines;

    ldbx_buf_init(&lines, LDBX_MAX_DOCUMENT);
    ldbx_buf_view(&lines, ldbx_buf_get(&run->job->warnings));
    ldbx_buf_view(&lines, ldbx_buf_get(&run->warnings));
    writer->buf->failed |= lines.failed || run->warnings.failed;
    ldbx_json_put_lines(writer, "warnings", ldbx_buf_get(&lines));
    ldbx_buf_clear(&lines);
}

void ldbx_report_write(const ldbx_run *run, const ldbx_error *failure, ldbx_buf *out)
{
    ldbx_json_writer writer = {out, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "run", run_of(run));
    ldbx_json_put_text(&writer, "job", run->job->name);
    ldbx_json_put_text(&writer, "state", run->loaded ? ldbx_job_state_name(run->document.state) : NULL);
    ldbx_json_put_instant(&writer, "started", run->started_us);
    ldbx_json_put_instant(&writer, "finished", run->finished_us);
    put_window(run, &writer);
    ldbx_json_put_null(&writer, "source_position");
    put_empty_array(&writer, "files");
    put_empty_array(&writer, "statements");
    put_rows(&run->summary, &writer);
    ldbx_json_put_bool(&writer, "limited", run->summary.limited);
    put_versions(run, &writer);
    ldbx_json_put_int(&writer, "attempts", run->summary.attempts);
    put_watermark(&writer, "watermark", &run->summary);
    put_warnings(run, &writer);
    ldbx_json_put_error(&writer, "error", failure);
    ldbx_json_end_object(&writer);
}

void ldbx_report_write_last_run(const ldbx_run *run, const ldbx_error *failure, ldbx_buf *out)
{
    ldbx_json_writer writer = {out, false};

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "run", run_of(run));
    ldbx_json_put_instant(&writer, "started", run->started_us);
    ldbx_json_put_instant(&writer, "finished", run->finished_us);
    ldbx_json_put_int(&writer, "delivered", run->summary.delivered);
    ldbx_json_put_bool(&writer, "limited", run->summary.limited);
    ldbx_json_put_int(&writer, "attempts", run->summary.attempts);
    put_watermark(&writer, "watermark", &run->summary);
    ldbx_json_put_error(&writer, "error", failure);
    ldbx_json_end_object(&writer);
}
