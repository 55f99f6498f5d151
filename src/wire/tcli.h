/*
 * The calls of TCLIService that we make, as plain structs: encode a request, decode a reply. Views point into the message that was decoded.
 *
 * Field ids: the public IDL of Databricks' drivers. Unknown fields and enum values pass.
 */
#ifndef LDBX_WIRE_TCLI_H
#define LDBX_WIRE_TCLI_H

#include "base/buf.h"

#define LDBX_PROTOCOL_V8      0xA508
#define LDBX_PROTOCOL_MINIMUM 0xA501 /* below it: open-source Spark or Hive */

enum { /* TStatusCode */
       LDBX_TSTATUS_SUCCESS = 0,
       LDBX_TSTATUS_SUCCESS_WITH_INFO = 1,
       LDBX_TSTATUS_STILL_EXECUTING = 2,
       LDBX_TSTATUS_ERROR = 3,
       LDBX_TSTATUS_INVALID_HANDLE = 4
};

enum { /* TOperationState */
       LDBX_TSTATE_INITIALIZED = 0,
       LDBX_TSTATE_RUNNING = 1,
       LDBX_TSTATE_FINISHED = 2,
       LDBX_TSTATE_CANCELED = 3,
       LDBX_TSTATE_CLOSED = 4,
       LDBX_TSTATE_ERROR = 5,
       LDBX_TSTATE_UNKNOWN = 6,
       LDBX_TSTATE_PENDING = 7,
       LDBX_TSTATE_TIMEDOUT = 8
};

enum { /* TSparkRowSetType */
       LDBX_TFORMAT_ARROW = 0,
       LDBX_TFORMAT_COLUMNS = 1,
       LDBX_TFORMAT_ROWS = 2,
       LDBX_TFORMAT_URLS = 3
};

enum { /* TTypeId */
       LDBX_TTYPE_BOOLEAN = 0,
       LDBX_TTYPE_TINYINT = 1,
       LDBX_TTYPE_SMALLINT = 2,
       LDBX_TTYPE_INT = 3,
       LDBX_TTYPE_BIGINT = 4,
       LDBX_TTYPE_FLOAT = 5,
       LDBX_TTYPE_DOUBLE = 6,
       LDBX_TTYPE_STRING = 7,
       LDBX_TTYPE_TIMESTAMP = 8,
       LDBX_TTYPE_BINARY = 9,
       LDBX_TTYPE_ARRAY = 10,
       LDBX_TTYPE_MAP = 11,
       LDBX_TTYPE_STRUCT = 12,
       LDBX_TTYPE_UNION = 13,
       LDBX_TTYPE_USER_DEFINED = 14,
       LDBX_TTYPE_DECIMAL = 15,
       LDBX_TTYPE_NULL = 16,
       LDBX_TTYPE_DATE = 17,
       LDBX_TTYPE_VARCHAR = 18,
       LDBX_TTYPE_CHAR = 19,
       LDBX_TTYPE_INTERVAL_YEAR_MONTH = 20,
       LDBX_TTYPE_INTERVAL_DAY_TIME = 21
};

#define LDBX_MAX_SECRET  256   /* bytes of a handle's secret: 16 in every answer seen */
#define LDBX_MAX_COLUMNS 20000 /* columns of a result: Spark's own reader stops at 20,480 */

/* A session or an operation. The secret is echoed byte for byte and never logged. */
typedef struct ldbx_tcli_handle {
    uint8_t guid[16];
    uint8_t secret[LDBX_MAX_SECRET];
    size_t secret_size;
    int32_t operation_type; /* operations only */
    bool has_result_set;    /* operations only; true for everything on Databricks */
} ldbx_tcli_handle;

typedef struct ldbx_tcli_pair {
    ldbx_view key;
    ldbx_view value;
} ldbx_tcli_pair;

typedef struct ldbx_tcli_parameter {
    const char *name; /* NULL: positional */
    const char *type;
    ldbx_view value; /* data NULL: SQL NULL */
} ldbx_tcli_parameter;

typedef struct ldbx_tcli_open {
    const ldbx_tcli_pair *configuration;
    size_t configuration_count;
    const char *catalog; /* NULL: none */
    const char *schema;  /* NULL: none */
} ldbx_tcli_open;

typedef struct ldbx_tcli_execute {
    ldbx_view statement;
    int64_t query_timeout_s; /* 0: none */
    int64_t max_rows;        /* of direct results */
    int64_t max_bytes;
    bool arrow; /* offer Arrow with LZ4 and native types, else column sets */
    const ldbx_tcli_parameter *parameters;
    size_t parameter_count;
} ldbx_tcli_execute;

typedef struct ldbx_tcli_fetch {
    int64_t max_rows;
    int64_t max_bytes;
    int64_t start_row; /* first row wanted, which makes a repeated call harmless */
    bool include_metadata;
} ldbx_tcli_fetch;

/* Requests: whole messages, appended to out. The seqid is echoed in the reply. */
void ldbx_tcli_write_open_session(ldbx_buf *out, int32_t seqid, const ldbx_tcli_open *open);
void ldbx_tcli_write_close_session(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *session);
void ldbx_tcli_write_execute(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *session,
                             const ldbx_tcli_execute *execute);
void ldbx_tcli_write_operation_status(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation);
void ldbx_tcli_write_metadata(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation);
void ldbx_tcli_write_fetch(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation,
                           const ldbx_tcli_fetch *fetch);
void ldbx_tcli_write_close_operation(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation);
void ldbx_tcli_write_cancel_operation(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation);

/* Replies. */
typedef struct ldbx_tcli_status {
    bool present;
    int32_t code; /* TStatusCode */
    ldbx_view sqlstate;
    ldbx_view error_message;   /* may hold a stack trace */
    ldbx_view display_message; /* for people; may begin with a line end */
    ldbx_view details_json;    /* errorClass, sqlState, messageParameters; warehouses only */
} ldbx_tcli_status;

typedef struct ldbx_tcli_operation_status {
    bool present;
    ldbx_tcli_status status;
    int32_t state;            /* TOperationState; -1: not sent */
    ldbx_tcli_status failure; /* the statement's own error in the same shape, code not set */
    int64_t modified_rows;    /* -1: not sent */
} ldbx_tcli_operation_status;

typedef struct ldbx_tcli_column {
    ldbx_view name;
    ldbx_view comment;
    int32_t type;      /* TTypeId; -1: not sent */
    int32_t precision; /* 0: not sent */
    int32_t scale;
} ldbx_tcli_column;

typedef struct ldbx_tcli_metadata {
    bool present;
    ldbx_tcli_status status;
    ldbx_tcli_column *columns;
    size_t column_count;
    int32_t format; /* TSparkRowSetType; -1: not sent */
    bool lz4;
    bool staging;           /* a PUT, GET or REMOVE that asks the client for file access */
    ldbx_view arrow_schema; /* encapsulated IPC message, or empty */
} ldbx_tcli_metadata;

typedef struct ldbx_tcli_arrow_batch {
    ldbx_view bytes; /* one record batch, maybe as LZ4 frames */
    int64_t rows;
} ldbx_tcli_arrow_batch;

/* A TColumn: the raw bytes of its list of values, not yet decoded, and its null bitmap. */
typedef struct ldbx_tcli_values {
    int kind; /* member of the union: 1 bool, 2 byte, 3 i16, 4 i32, 5 i64, 6 double, 7 string, 8 binary */
    int32_t count;
    ldbx_view values; /* `count` elements as on the wire */
    ldbx_view nulls;  /* bit i of byte i/8 set: NULL; may be shorter than the values */
} ldbx_tcli_values;

/* A part of the result as an object in cloud storage. */
typedef struct ldbx_tcli_link {
    ldbx_view url;      /* a secret: whoever has it reads the rows */
    int64_t expires_ms; /* since 1970 */
    int64_t start_row;
    int64_t rows; /* the object may hold more */
    int64_t bytes;
    ldbx_tcli_pair *headers; /* to be sent with the request */
    size_t header_count;
} ldbx_tcli_link;

typedef struct ldbx_tcli_rows {
    bool present;
    ldbx_tcli_status status;
    bool has_more;
    int64_t start_row;
    ldbx_tcli_arrow_batch *batches;
    size_t batch_count;
    ldbx_tcli_values *columns;
    size_t column_count;
    ldbx_tcli_link *links; /* which we never ask for */
    size_t link_count;
    ldbx_tcli_metadata metadata;
} ldbx_tcli_rows;

typedef struct ldbx_tcli_open_reply {
    ldbx_tcli_status status;
    int32_t protocol;
    bool has_session;
    ldbx_tcli_handle session;
} ldbx_tcli_open_reply;

typedef struct ldbx_tcli_execute_reply {
    ldbx_tcli_status status;
    bool has_operation;
    ldbx_tcli_handle operation;
    ldbx_tcli_operation_status operation_status; /* these four: direct results */
    ldbx_tcli_metadata metadata;
    ldbx_tcli_rows rows;
    bool closed; /* the server has closed the operation already */
} ldbx_tcli_execute_reply;

/*
 * Each decodes a whole reply. LDBX_PROTOCOL with a message that names the call when it is not one (wrong name or seqid, cut, a
 * TApplicationException, a required part missing); LDBX_NO_MEMORY. What a reply allocated is given back with its _clear; after a failure
 * there is nothing to give back.
 */
int ldbx_tcli_read_open_session(ldbx_view message, int32_t seqid, ldbx_tcli_open_reply *out, ldbx_error **error);
int ldbx_tcli_read_execute(ldbx_view message, int32_t seqid, ldbx_tcli_execute_reply *out, ldbx_error **error);
int ldbx_tcli_read_operation_status(ldbx_view message, int32_t seqid, ldbx_tcli_operation_status *out,
                                    ldbx_error **error);
int ldbx_tcli_read_metadata(ldbx_view message, int32_t seqid, ldbx_tcli_metadata *out, ldbx_error **error);
int ldbx_tcli_read_fetch(ldbx_view message, int32_t seqid, ldbx_tcli_rows *out, ldbx_error **error);

void ldbx_tcli_metadata_clear(ldbx_tcli_metadata *metadata);
void ldbx_tcli_rows_clear(ldbx_tcli_rows *rows);
void ldbx_tcli_execute_clear(ldbx_tcli_execute_reply *reply);

#endif
