/* Where `run` writes events: a file that can be cut back to the checkpoint, or a stream (standard output, a
 * pipe, a device) that cannot. */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <sys/types.h>

#include "app.h"

typedef struct cli_output_file {
    cli_app *app;
    const char *path; /* as given; NULL: standard output */
    int fd;           /* -1 until begin */
    bool file;        /* can be cut */
    bool line_end;    /* one is missing in front of the first event */
    char *real;       /* what identifies a file, with the next two */
    dev_t device;
    ino_t inode;
    int64_t start;  /* length when the run began */
    int64_t length; /* what is written, without what is still in pending */
    cli_text pending;
    cli_text run;      /* who is said on a file to have begun there */
    cli_text position; /* what the checkpoint keeps */
    cli_text message;  /* why a hook failed */

    /* What went through, for the summary. */
    cli_text stream;
    int64_t rows;
    bool resumed;
} cli_output_file;

void cli_output_file_init(cli_output_file *output, cli_app *app);
void cli_output_file_close(cli_output_file *output);

/* The hooks; user is the cli_output_file. */
extern const ldbx_sink_ops cli_output_file_ops;

#endif
