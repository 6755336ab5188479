/*
 * report.h - what the unpacker says on standard output: lines of JSON.
 *
 *   {"read":N}            N bytes of the blob have been read; any number of times
 *   {"ok":true,...}       the last line
 *   {"ok":false,...}      or this
 *
 * Texts of the archive are bytes: every byte that is not printable ASCII is
 * written as \u00XX, so that a reader gets them back by taking each as one byte.
 */
#ifndef REPORT_H
#define REPORT_H

#include "layer.h"
#include "stream.h"

void report_progress(uint64_t input_bytes);

/* 0, or -1 where standard output cannot be written. */
int report_fault(const struct fault *fault);
int report_removed(void);
int report_layer(const struct layer *layer, struct stream *stream);

#endif
