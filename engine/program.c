#include "engine/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool program_find(const char *name, char *dst, size_t dst_size)
{
    if (strchr(name, '/')) {
        (void)snprintf(dst, dst_size, "%s", name);
        return strlen(name) < dst_size && is_program(name);
    }
    const char *path = getenv("PATH");
    for (const char *at = path; at && *at;) {
        size_t len = strcspn(at, ":");
        /* Relative and empty entries would run whatever lies in the current folder. */
        if (*at == '/' && snprintf(dst, dst_size, "%.*s/%s", (int)len, at, name) < (int)dst_size &&
            is_program(dst))
            return true;
        at += len + (at[len] == ':');
    }
    return false;
}
