// Makes the files of the store read-only while a file of that name exists, as a kernel does with a file system that
// has errors: preloaded into `stepwell serve` by a test.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refused(int fd) {
    char link[64], path[4096];
    const char *flag = getenv("STEPWELL_TEST_READ_ONLY");
    if (!flag || access(flag, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "stepwell.db") != NULL;
}

#define REFUSE(fd)      \
    if (refused(fd)) {  \
        errno = EROFS;  \
        return -1;      \
    }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    REFUSE(fd)
    static ssize_t (*next)(int, const void *, size_t, off64_t);
    if (!next) next = dlsym(RTLD_NEXT, "pwrite64");
    return next(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return pwrite64(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REFUSE(fd)
    static ssize_t (*next)(int, const void *, size_t);
    if (!next) next = dlsym(RTLD_NEXT, "write");
    return next(fd, bytes, count);
}

int ftruncate64(int fd, off64_t length) {
    REFUSE(fd)
    static int (*next)(int, off64_t);
    if (!next) next = dlsym(RTLD_NEXT, "ftruncate64");
    return next(fd, length);
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}
