/* The XML of S3's answers. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/str.h"
#include "stage/xml.h"

#define ALLOWED(size) (64 * FUZZ_KIB + 8 * 6 * (size)) /* a character is six when it is escaped */

static bool lies_in(ldbx_view part, ldbx_view whole)
{
    return part.data >= whole.data && part.size <= whole.size && part.data + part.size <= whole.data + whole.size;
}

/* Decoded texts are no longer than they were written. */
static void read_text(ldbx_view document, const char *name)
{
    ldbx_view rest = document, inside = {NULL, 0};
    const bool there = ldbx_xml_next(&rest, name, &inside);
    ldbx_buf out;
    ldbx_buf_init(&out, document.size + 1);
    must(ldbx_xml_text(document, name, &out) == there);
    must(!out.failed && out.size <= inside.size);
    ldbx_buf_clear(&out);
}

/* As a list of uploads is walked: each element lies in the document, behind the one before. */
static void walk(ldbx_view document, const char *name, const char *const *texts, size_t count)
{
    ldbx_view rest = document, inside;
    for (ldbx_view before = rest; ldbx_xml_next(&rest, name, &inside); before = rest) {
        must(lies_in(inside, before) && lies_in(rest, before) && rest.size < before.size);
        must(rest.data >= inside.data + inside.size);
        for (size_t i = 0; i < count; i++)
            read_text(inside, texts[i]);
    }
}

/* What goes out comes back. */
static void escape(ldbx_view text)
{
    ldbx_buf element, back;
    ldbx_buf_init(&element, SIZE_MAX);
    ldbx_buf_init(&back, text.size + 1);
    ldbx_buf_str(&element, "<ETag>");
    ldbx_xml_escape(&element, text);
    ldbx_buf_str(&element, "</ETag>");
    must(!element.failed && ldbx_xml_text(ldbx_buf_get(&element), "ETag", &back));
    must(!back.failed && back.size == text.size && (text.size == 0 || memcmp(back.data, text.data, text.size) == 0));
    ldbx_buf_clear(&element);
    ldbx_buf_clear(&back);
}

void fuzz_xml(const uint8_t *data, size_t size)
{
    static const char *const of_uploads[] = {"Key", "UploadId"};
    static const char *const of_errors[] = {"Code", "Message", "Region"};
    const ldbx_view text = {fuzz_copy((ldbx_view){(const char *)data, size}), size};
    fuzz_begin(ALLOWED(size));
    walk(text, "Upload", of_uploads, 2);
    walk(text, "Error", of_errors, 3);
    read_text(text, "UploadId");
    read_text(text, "ListMultipartUploadsResult");
    escape(text);
    fuzz_end();
    free((void *)(uintptr_t)text.data);
}
