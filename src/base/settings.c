#include "base/settings.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"

#define MAX_SHOWN  64 /* bytes of a foreign name in an error */
#define MAX_WORD   32 /* longer keys get no suggestion */
#define MAX_TYPING 2  /* edits that are taken for a slip of the fingers */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits between two words (Levenshtein), kept in one row of the matrix. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_WORD + 1];
    size_t width = strlen(b);

    if (strlen(a) > MAX_WORD || width > MAX_WORD)
        return MAX_WORD;
    for (size_t i = 0; i <= width; i++)
        row[i] = i;
    for (size_t line = 1; *a != '\0'; a++, line++) {
        size_t diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= width; i++) {
            size_t replaced = diagonal + (*a != b[i - 1]);
            diagonal = row[i];
            row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[width];
}

static bool is_known(const ldbx_setting *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return true;
    return false;
}

static void refuse_unknown(const char *prefix, const char *name, const ldbx_setting *table, size_t count,
                           ldbx_buf *errors)
{
    const char *nearest = NULL;
    size_t nearest_edits = MAX_TYPING + 1;

    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(name, table[i].name);
        if (edits < nearest_edits) {
            nearest_edits = edits;
            nearest = table[i].name;
        }
    }
    ldbx_buf_str(errors, prefix);
    ldbx_buf_one_line(errors, ldbx_view_of(name), MAX_SHOWN);
    ldbx_buf_str(errors, ": unknown key");
    if (nearest != NULL)
        ldbx_buf_printf(errors, ", did you mean %s", nearest);
    ldbx_buf_byte(errors, '\n');
}

/* 10000000 as "10,000,000". */
static void put_grouped(ldbx_buf *buf, int64_t value)
{
    char digits[21];
    size_t size = ldbx_format_int64(digits, value);

    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            ldbx_buf_byte(buf, ',');
        ldbx_buf_byte(buf, (uint8_t)digits[i]);
    }
}

/* What would have been right, behind "must be". */
static void put_expected(const ldbx_setting *setting, ldbx_buf *errors)
{
    static const char *const kinds[] = {[LDBX_SETTING_TEXT] = "text",
                                        [LDBX_SETTING_LINE] = "text without control characters",
                                        [LDBX_SETTING_BOOL] = "true or false",
                                        [LDBX_SETTING_LIST] = "a list of texts",
                                        [LDBX_SETTING_OBJECT] = "an object"};

    if (setting->kind == LDBX_SETTING_INTEGER) {
        ldbx_buf_str(errors, "an integer from ");
        put_grouped(errors, setting->low);
        ldbx_buf_str(errors, " to ");
        put_grouped(errors, setting->high);
    } else if (setting->words != NULL) {
        ldbx_buf_str(errors, "one of ");
        for (size_t i = 0; setting->words[i] != NULL; i++)
            ldbx_buf_printf(errors, "%s%s", i == 0 ? "" : ", ", setting->words[i]);
    } else {
        ldbx_buf_str(errors, setting->form != NULL ? setting->form : kinds[setting->kind]);
    }
}

static bool is_one_of(const char *line, const char *const *words)
{
    while (*words != NULL && strcmp(*words, line) != 0)
        words++;
    return *words != NULL;
}

static bool has_control(const char *line)
{
    for (; *line != '\0'; line++)
        if ((unsigned char)*line < ' ' || *line == 0x7f)
            return true;
    return false;
}

static bool is_blank(const char *line)
{
    return ldbx_view_trim(ldbx_view_of(line)).size == 0;
}

/* Blank stands for "not set", as a form sends it; what is required must not be blank. */
static bool read_line(const ldbx_setting *setting, const char *line, const char **out)
{
    if (is_blank(line))
        return !setting->required;
    if (has_control(line) || (setting->words != NULL && !is_one_of(line, setting->words)) ||
        (setting->valid != NULL && !setting->valid(line)))
        return false;
    *out = line;
    return true;
}

static bool is_list_of_texts(const cJSON *value)
{
    if (!cJSON_IsArray(value))
        return false;
    for (const cJSON *element = value->child; element != NULL; element = element->next)
        if (!cJSON_IsString(element))
            return false;
    return true;
}

static bool read_integer(const ldbx_setting *setting, const cJSON *object, int64_t *out)
{
    int64_t value;

    if (!ldbx_json_int64(object, setting->name, &value) || value < setting->low || value > setting->high)
        return false;
    *out = value;
    return true;
}

static bool read_value(const ldbx_setting *setting, const cJSON *object, const cJSON *value, void *member)
{
    switch (setting->kind) {
    case LDBX_SETTING_TEXT:
    case LDBX_SETTING_LINE:
        if (!cJSON_IsString(value))
            return false;
        if (setting->kind == LDBX_SETTING_LINE)
            return read_line(setting, value->valuestring, member);
        *(const char **)member = value->valuestring;
        return true;
    case LDBX_SETTING_INTEGER:
        return read_integer(setting, object, member);
    case LDBX_SETTING_BOOL:
        *(bool *)member = cJSON_IsTrue(value);
        return cJSON_IsBool(value);
    case LDBX_SETTING_LIST:
        *(const cJSON **)member = value;
        return is_list_of_texts(value);
    case LDBX_SETTING_OBJECT:
        *(const cJSON **)member = value;
        return cJSON_IsObject(value);
    }
    return false;
}

static void read_setting(const cJSON *object, const char *prefix, const ldbx_setting *setting, void *settings,
                         ldbx_buf *errors)
{
    const cJSON *value = ldbx_json_get(object, setting->name);
    bool missing = value == NULL || (cJSON_IsString(value) && is_blank(value->valuestring));

    if (value == NULL ? !setting->required : read_value(setting, object, value, (char *)settings + setting->member))
        return;
    ldbx_buf_printf(errors, "%s%s: %s ", prefix, setting->name,
                    missing && setting->required ? "is required:" : "must be");
    put_expected(setting, errors);
    ldbx_buf_byte(errors, '\n');
}

void ldbx_settings_read(const cJSON *object, const char *prefix, const ldbx_setting *table, size_t count,
                        void *settings, ldbx_buf *errors)
{
    for (size_t i = 0; i < count; i++)
        read_setting(object, prefix, &table[i], settings, errors);
    for (const cJSON *member = object->child; member != NULL; member = member->next)
        if (!is_known(table, count, member->string))
            refuse_unknown(prefix, member->string, table, count, errors);
}

/* The last line end is none. */
int ldbx_settings_end(ldbx_buf *errors, ldbx_error **error)
{
    if (errors->failed)
        return ldbx_fail_no_memory(error);
    if (errors->size == 0)
        return LDBX_OK;
    errors->size--;
    return ldbx_fail(error, LDBX_INVALID_DATA, "%s", ldbx_buf_cstr(errors));
}
