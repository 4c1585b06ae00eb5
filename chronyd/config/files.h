/* files.h - inside config/: lines of a file, and the files of several directories. */
#ifndef CHRONYD_CONFIG_FILES_H
#define CHRONYD_CONFIG_FILES_H

#include "base/text.h"
#include "chronyd/config/parse.h"

enum line_status {
    LINE_LAST, /* good, but without a newline */
    LINE_GOOD,
    LINE_TOO_LONG,
    LINE_BINARY, /* has a zero byte inside */
};

/* The next line of `*data`, without its newline. */
enum line_status file_cut_line(const char **data, size_t *left, char line[TEXT_LINE_MAX + 1]);
bool fail_line(struct parser *p, enum line_status status);
/* "Could not open F : No such file or directory" */
MUST_CHECK bool file_open(const struct os *os, const char *path, char **data, size_t *length,
                          struct err *err);

/* The files of several directories, by base name; of files with the same one that of the directory
 * named first. */
struct file_set {
    char **paths;
    size_t count;
    bool closed; /* a directory is there and cannot be read */
};

/* Add DIR/SUFFIX; the directory is taken literally, the suffix is a pattern. A directory that is
 * missing or closed to us holds nothing; false only without memory. */
MUST_CHECK bool file_set_add_dir(struct file_set *set, const struct os *os, const char *dir,
                                 const char *suffix);
void file_set_free(struct file_set *set);

#endif
