/**
 * @file export.h
 * @brief Visibility and C/C++ linkage of the public functions.
 */
#ifndef LYTICS_DBX_EXPORT_H
#define LYTICS_DBX_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define LDBX_API                        __attribute__((visibility("default")))
#define LDBX_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define LDBX_API
#define LDBX_PRINTF(format_at, args_at)
#endif

#ifdef __cplusplus
#define LDBX_BEGIN_DECLS extern "C" {
#define LDBX_END_DECLS   }
#else
#define LDBX_BEGIN_DECLS
#define LDBX_END_DECLS
#endif

#endif
