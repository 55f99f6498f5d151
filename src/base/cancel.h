/* The inside of a cancel token. */
#ifndef LDBX_BASE_CANCEL_H
#define LDBX_BASE_CANCEL_H

#include <lytics_dbx/cancel.h>

/* A descriptor that becomes readable when the token is triggered and stays so; -1 for NULL. */
int ldbx_cancel_fd(const ldbx_cancel *cancel);
/* LDBX_OK, or LDBX_CANCELLED with its error. */
int ldbx_cancel_check(const ldbx_cancel *cancel, ldbx_error **error);

#endif
