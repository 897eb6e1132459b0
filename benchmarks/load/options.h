/* The command line. */
#pragma once
#include "net.h"
#include "words.h"

_Noreturn void usage(void);
const struct protocol *read_protocol(const char *);
enum transport read_transport(const char *);
unsigned read_number(const char *, unsigned most);
int serve(char **arguments);
int generate(char **arguments);
