/* The version of all three programs; they are built and released together. */
#pragma once

#define FOG_VERSION "0.1.0"
