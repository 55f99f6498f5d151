/**
 * @file lytics_dbx.h
 * @brief All of lytics_dbx. See docs/architecture.md for the picture and README.md for a first program.
 *
 * Threads: a handle belongs to one thread at a time, different handles are independent; only
 * ldbx_cancel_trigger() may be called from anywhere at any time. Ownership: a pointer returned is borrowed, a
 * pointer through `**out` is owned by the caller. Times in names carry their unit. No function aborts the
 * process.
 */
#ifndef LYTICS_DBX_H
#define LYTICS_DBX_H

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/cancel.h>
#include <lytics_dbx/catalog.h>
#include <lytics_dbx/config.h>
#include <lytics_dbx/connection.h>
#include <lytics_dbx/error.h>
#include <lytics_dbx/import.h>
#include <lytics_dbx/loader.h>
#include <lytics_dbx/result.h>
#include <lytics_dbx/runtime.h>
#include <lytics_dbx/stager.h>
#include <lytics_dbx/statement.h>
#include <lytics_dbx/store.h>
#include <lytics_dbx/types.h>
#include <lytics_dbx/value.h>
#include <lytics_dbx/version.h>
#include <lytics_dbx/workflow.h>

#endif
