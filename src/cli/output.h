/* Writing to descriptors: standard output of the commands, and what the output file shares with it. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <lytics_dbx/cancel.h>

#include "text.h"

/* Writes everything; 0 or an errno. EINTR: the token was triggered while a reader kept us waiting. */
int cli_write(int fd, const char *data, size_t size, const ldbx_cancel *cancel);

/* Standard output, buffered. A failure is kept, and later writes do nothing: it is looked at where the rows
 * come from, and at the end. */
typedef struct cli_output {
    int fd;
    const ldbx_cancel *cancel;
    cli_text buffer;
    int error; /* an errno */
} cli_output;

void cli_output_add(cli_output *output, const char *data, size_t size);
void cli_output_str(cli_output *output, const char *text);
void cli_output_flush(cli_output *output);
void cli_output_clear(cli_output *output);

#endif
