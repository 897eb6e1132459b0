/* What bulk transfers carry: lines of text, the same again and again, so that any piece can be checked. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_PIECE = 1 << 18 }; /* so many octets may be taken from any position */

void pattern_begin(void);
const char *pattern_at(uint64_t position);
bool pattern_is(const char *octets, size_t size, uint64_t position);
