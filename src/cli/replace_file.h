/* Files: written whole, made durable. */
#ifndef CLI_REPLACE_FILE_H
#define CLI_REPLACE_FILE_H

#include "text.h"

/* Puts content at path in one step: a reader sees the old file or the new one. 0 or an errno. What is no
 * regular file is written to. */
int cli_replace_file(const char *path, const cli_text *content);
/* False: it would be written to. */
bool cli_is_replaced(const char *path);

/* The part of path that names its folder, as "folder/." or ".". */
void cli_folder_of(const char *path, cli_text *folder);
/* Makes the entry of path in its folder durable. 0 or an errno. */
int cli_sync_folder(const char *path);

#endif
