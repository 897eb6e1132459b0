/* How long things took. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct times {
    uint32_t *tenths; /* of a microsecond */
    size_t count, room;
};

void times_add(struct times *, uint64_t nanoseconds);
void times_print(const char *name, struct times *); /* as a member of a JSON object; sorts, then forgets */
