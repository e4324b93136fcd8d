/* Functions nobody here calls, because each is a trap that has a better answer nearby.  Included by
 * the build into every file of ours, after the system's headers have declared them. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof sscanf tmpnam mktemp
#pragma GCC poison srand srandom ctime asctime gmtime localtime
