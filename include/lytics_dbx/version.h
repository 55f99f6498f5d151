/**
 * @file version.h
 * @brief Version of the headers and of the library that is running.
 */
#ifndef LYTICS_DBX_VERSION_H
#define LYTICS_DBX_VERSION_H

#include <lytics_dbx/export.h>

#define LDBX_VERSION_MAJOR  0
#define LDBX_VERSION_MINOR  1
#define LDBX_VERSION_PATCH  0
#define LDBX_VERSION_STRING "0.1.0"

/** One comparable number: major * 1,000,000 + minor * 1,000 + patch. */
#define LDBX_VERSION_NUMBER (LDBX_VERSION_MAJOR * 1000000 + LDBX_VERSION_MINOR * 1000 + LDBX_VERSION_PATCH)

LDBX_BEGIN_DECLS

/**
 * @brief Version of the library at run time, as LDBX_VERSION_NUMBER counts it.
 * @return The number; compare it with LDBX_VERSION_NUMBER of the headers.
 * @since 0.1
 */
LDBX_API int ldbx_version_number(void);

/**
 * @brief Version of the library at run time as text ("0.1.0").
 * @return A static string.
 * @since 0.1
 */
LDBX_API const char *ldbx_version_string(void);

LDBX_END_DECLS

#endif
