/* os.c - what every world shares. */
#include "chronyd/os/os.h"

#include <stdlib.h>

void os_free_list(char **paths, size_t count)
{
    if (!paths)
        return;
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
}
