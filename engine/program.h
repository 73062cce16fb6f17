/* program.h: where another program is. */
#ifndef ENGINE_PROGRAM_H
#define ENGINE_PROGRAM_H

#include "engine/base.h"

/* The path of a program, looked up in absolute folders of PATH only; a name with a slash is a path
 * already.  False when there is none or dst is too small. */
bool program_find(const char *name, char *dst, size_t dst_size);

#endif
