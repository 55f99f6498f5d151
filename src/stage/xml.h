/* The little of XML that answers of S3 need: elements by name, in documents without comments, CDATA or prefixes. */
#ifndef LDBX_STAGE_XML_H
#define LDBX_STAGE_XML_H

#include "base/buf.h"

/* The next element of that name in *rest, which moves behind it; what is inside it. false: there is none. */
bool ldbx_xml_next(ldbx_view *rest, const char *name, ldbx_view *inside);

/* Appends the text of the first element of that name, entities decoded. false: there is none. */
bool ldbx_xml_text(ldbx_view document, const char *name, ldbx_buf *out);

/* Appends a text as it stands inside an element. */
void ldbx_xml_escape(ldbx_buf *out, ldbx_view text);

#endif
