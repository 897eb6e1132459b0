/* What bulk transfers carry: see pattern.h. */
#include "pattern.h"
#include <string.h>

/* An odd number of lines, so that no power of two hides a shift; no line begins with a dot (RFC 1939 3). */
enum { LINE = 78, PERIOD = 1009 * LINE };

static char octets[PERIOD + PATTERN_PIECE];

void pattern_begin(void)
{
    for (size_t i = 0; i < sizeof octets; i++) {
        size_t column = i % LINE, line = i % PERIOD / LINE;
        octets[i] = column == LINE - 2 ? '\r' : column == LINE - 1 ? '\n' : (char)('A' + (line * 7 + column) % 57);
    }
}

const char *pattern_at(uint64_t position)
{
    return octets + position % PERIOD;
}

bool pattern_is(const char *some, size_t size, uint64_t position)
{
    return size <= PATTERN_PIECE && !memcmp(some, pattern_at(position), size);
}
