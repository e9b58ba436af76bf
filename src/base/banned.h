/*
 * Functions we never call: unbounded copies, hidden static buffers, unchecked conversions.
 * Included last by each .c, so that library headers may still name them.
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* With _FORTIFY_SOURCE, clang has these as macros of <stdio.h>, and no macro can be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok strtok_r gets
#pragma GCC poison atoi atol sscanf gmtime localtime ctime asctime

#endif
