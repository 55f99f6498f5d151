/* The envelope of an Arrow IPC message: length, flatbuffer, body. Used by the two readers of arrow_ipc.h
 * only. */
#ifndef LDBX_WIRE_ARROW_MESSAGE_H
#define LDBX_WIRE_ARROW_MESSAGE_H

#include "wire/flatbuf.h"

enum { LDBX_ARROW_SCHEMA = 1, LDBX_ARROW_DICTIONARY = 2, LDBX_ARROW_RECORD_BATCH = 3 }; /* MessageHeader */

typedef struct ldbx_arrow_message {
    ldbx_fb fb;
    ldbx_fb_table header; /* points at fb: the struct must not be moved */
    ldbx_view body;       /* begins at a multiple of 8 from the message's begin */
} ldbx_arrow_message;

/* The one message in bytes, an end-of-stream mark behind it allowed. LDBX_PROTOCOL, also when it is of
 * another kind; LDBX_UNSUPPORTED. */
int ldbx_arrow_message_open(ldbx_arrow_message *message, ldbx_view bytes, int kind, ldbx_error **error);

#endif
