/* The owner's file, as a text. */
#pragma once

#include "schema/base/err.h"
#include "schema/base/str.h"

/* ERR_NOT_FOUND; ERR_REFUSED: anybody may write to it, or it is no file; ERR_INVALID: no text. */
int config_file_read(const char *path, struct str *to, struct err *err);
