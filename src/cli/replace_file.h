/* Files: written whole, made durable. */
#ifndef CLI_REPLACE_FILE_H
#define CLI_REPLACE_FILE_H

#include "text.h"

/* Puts content at path in one step: a reader sees the old file or the new one. 0 or an errno. What is no
 * regular file is written to. */
int cli_replace_file(const char *path, const cli_text *content);
/* Whether a file can be made at path: its folder is there, and it is no folder itself. 0 or an errno. */
int cli_can_make(const char *path);

/* Makes the entry of path in its folder durable. 0 or an errno. */
int cli_sync_folder(const char *path);

#endif
