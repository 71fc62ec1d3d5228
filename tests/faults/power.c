/* A power cut for one process: LD_PRELOAD this, and every change of a file below $FAULT_ROOT that is not synced yet is
 * noted in $FAULT_LOG together with what was there before, so that whoever finds the process dead can put it back.
 * $FAULT_CONTROL is shared memory: {countdown, points}; the process kills itself when the countdown gets to zero.
 * Points are the moments before each change or sync of a file, and those before and after each piece of an answer.
 * Syncs are noted, not carried out: the machine itself is not going to lose its power. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, CREATE, RENAME, UNLINK, MKDIR };
struct record { uint32_t kind, size; uint64_t inode, place, length, before; };
struct control { int64_t countdown, points; };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct control *control;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1, graves;
static unsigned char watched[65536];

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static int armed(void) {
    if (control) return 1;
    const char *folder = getenv("FAULT_ROOT"), *log = getenv("FAULT_LOG"), *shared = getenv("FAULT_CONTROL");
    if (!folder || !log || !shared) return 0;
    int handle = REAL(open)(shared, O_RDWR | O_CLOEXEC);
    journal = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    void *at = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (handle < 0 || journal < 0 || at == MAP_FAILED) abort();
    REAL(close)(handle);
    snprintf(root, sizeof root, "%s/", folder);
    root_length = strlen(root);
    control = at;
    return 1;
}

static int ends(const char *text, const char *end) {
    size_t whole = strlen(text), part = strlen(end);
    return whole >= part && !strcmp(text + whole - part, end);
}

/* The memory shared between SQLite's connections is no data; a lock file has none. */
static int ours(const char *path) {
    if (!path || !armed()) return 0;
    if (!strncmp(path, root, root_length - 1) && !path[root_length - 1]) return 1; /* the folder itself */
    return !strncmp(path, root, root_length) && !ends(path, "-shm") && !ends(path, ".writer");
}

static int is_watched(int handle) { return handle >= 0 && handle < 65536 && watched[handle]; }

static void point(void) {
    control->points++;
    if (control->countdown > 0 && --control->countdown == 0) kill(getpid(), SIGKILL), pause();
}

static void note(uint32_t kind, uint64_t inode, uint64_t place, uint64_t length, uint64_t before, const void *bytes,
                 size_t size) {
    struct record head = {kind, (uint32_t)size, inode, place, length, before};
    char *whole = malloc(sizeof head + size);
    memcpy(whole, &head, sizeof head);
    if (size) memcpy(whole + sizeof head, bytes, size);
    if (REAL(write)(journal, whole, sizeof head + size) != (ssize_t)(sizeof head + size)) abort();
    free(whole);
}

static uint64_t inode_of(const char *path) {
    struct stat found;
    return stat(path, &found) ? 0 : found.st_ino;
}

static uint64_t folder_of(const char *path) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    return inode_of(folder);
}

/* What is there now between two places of a file, noted before it changes. */
static void keep(uint32_t kind, int handle, off_t from, off_t to) {
    struct stat found;
    if (fstat(handle, &found)) return;
    off_t end = to < found.st_size ? to : found.st_size;
    size_t size = end > from ? (size_t)(end - from) : 0;
    char *old = malloc(size + 1);
    for (size_t got = 0; got < size;) {
        /* The handle may be for writing only. */
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
        int reader = REAL(open)(name, O_RDONLY | O_CLOEXEC);
        ssize_t part = pread(reader, old + got, size - got, from + (off_t)got);
        REAL(close)(reader);
        if (part <= 0) abort();
        got += (size_t)part;
    }
    note(kind, found.st_ino, (uint64_t)from, (uint64_t)(to - from), (uint64_t)found.st_size, old, size);
    free(old);
}

static int opened(int handle, const char *path, int flags, int was_there) {
    if (handle >= 0 && handle < 65536) {
        struct stat found;
        watched[handle] = !fstat(handle, &found) && (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
        if (!was_there && (flags & O_CREAT)) note(CREATE, folder_of(path), 0, 0, 0, path, strlen(path));
    }
    return handle;
}

#define OPEN(name)                                                             \
    int name(const char *path, int flags, ...) {                               \
        mode_t mode = 0;                                                       \
        if (flags & O_CREAT) {                                                 \
            va_list rest;                                                      \
            va_start(rest, flags);                                             \
            mode = va_arg(rest, mode_t);                                       \
            va_end(rest);                                                      \
        }                                                                      \
        if (!ours(path)) return REAL(name)(path, flags, mode);                 \
        pthread_mutex_lock(&turn);                                             \
        int was_there = !access(path, F_OK), handle;                           \
        if (flags & O_CREAT && !was_there) point();                            \
        if (flags & O_TRUNC && was_there) {                                    \
            int old = REAL(name)(path, O_RDWR | O_CLOEXEC, 0);                 \
            point();                                                           \
            keep(TRUNCATE, old, 0, (off_t)1 << 40);                            \
            REAL(close)(old);                                                  \
        }                                                                      \
        handle = opened(REAL(name)(path, flags, mode), path, flags, was_there);\
        pthread_mutex_unlock(&turn);                                           \
        return handle;                                                         \
    }
OPEN(open)
OPEN(open64)

int close(int handle) {
    if (handle >= 0 && handle < 65536) watched[handle] = 0;
    return REAL(close)(handle);
}

ssize_t write(int handle, const void *bytes, size_t size) {
    if (!is_watched(handle)) return REAL(write)(handle, bytes, size);
    pthread_mutex_lock(&turn);
    point();
    off_t from = lseek(handle, 0, fcntl(handle, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    keep(WRITE, handle, from, from + (off_t)size);
    ssize_t done = REAL(write)(handle, bytes, size);
    pthread_mutex_unlock(&turn);
    return done;
}

#define PWRITE(name, offset)                                                   \
    ssize_t name(int handle, const void *bytes, size_t size, offset from) {    \
        if (!is_watched(handle)) return REAL(name)(handle, bytes, size, from); \
        pthread_mutex_lock(&turn);                                             \
        point();                                                               \
        keep(WRITE, handle, from, from + (off_t)size);                         \
        ssize_t done = REAL(name)(handle, bytes, size, from);                  \
        pthread_mutex_unlock(&turn);                                           \
        return done;                                                           \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, offset)                                                \
    int name(int handle, offset size) {                                        \
        if (!is_watched(handle)) return REAL(name)(handle, size);              \
        pthread_mutex_lock(&turn);                                             \
        point();                                                               \
        keep(TRUNCATE, handle, size, (off_t)1 << 40);                          \
        int done = REAL(name)(handle, size);                                   \
        pthread_mutex_unlock(&turn);                                           \
        return done;                                                           \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define SYNCED(name)                                                           \
    int name(int handle) {                                                     \
        struct stat found;                                                     \
        if (!is_watched(handle)) return REAL(name)(handle);                    \
        pthread_mutex_lock(&turn);                                             \
        point();                                                               \
        if (!fstat(handle, &found)) note(SYNC, found.st_ino, 0, 0, 0, NULL, 0);   \
        pthread_mutex_unlock(&turn);                                           \
        return 0;                                                              \
    }
SYNCED(fsync)
SYNCED(fdatasync)

/* What a name stood for is kept under another one, so that it can come back. */
static void bury(const char *path, char *grave, size_t size) {
    snprintf(grave, size, "%.*s.grave-%d-%d", (int)root_length - 1, root, (int)getpid(), graves++);
    if (REAL(link)(path, grave)) *grave = 0;
}

int rename(const char *old, const char *new) {
    if (!ours(new)) return REAL(rename)(old, new);
    char text[3 * PATH_MAX], grave[PATH_MAX + 64];
    pthread_mutex_lock(&turn);
    point();
    bury(new, grave, sizeof grave);
    int size = snprintf(text, sizeof text, "%s\n%s\n%s", old, new, grave);
    note(RENAME, folder_of(new), 0, 0, 0, text, (size_t)size);
    int done = REAL(rename)(old, new);
    pthread_mutex_unlock(&turn);
    return done;
}

int link(const char *old, const char *new) {
    if (!ours(new) || !access(new, F_OK)) return REAL(link)(old, new);
    pthread_mutex_lock(&turn);
    point();
    note(CREATE, folder_of(new), 0, 0, 0, new, strlen(new));
    int done = REAL(link)(old, new);
    pthread_mutex_unlock(&turn);
    return done;
}

int unlink(const char *path) {
    if (!ours(path)) return REAL(unlink)(path);
    char text[3 * PATH_MAX], grave[PATH_MAX + 64];
    pthread_mutex_lock(&turn);
    point();
    bury(path, grave, sizeof grave);
    int size = snprintf(text, sizeof text, "%s\n%s", path, grave);
    if (*grave) note(UNLINK, folder_of(path), 0, 0, 0, text, (size_t)size);
    int done = REAL(unlink)(path);
    pthread_mutex_unlock(&turn);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    if (!ours(path) || !access(path, F_OK)) return REAL(mkdir)(path, mode);
    pthread_mutex_lock(&turn);
    point();
    note(MKDIR, folder_of(path), 0, 0, 0, path, strlen(path));
    int done = REAL(mkdir)(path, mode);
    pthread_mutex_unlock(&turn);
    return done;
}

ssize_t send(int line, const void *bytes, size_t size, int flags) {
    if (!control) return REAL(send)(line, bytes, size, flags);
    pthread_mutex_lock(&turn);
    point();
    ssize_t done = REAL(send)(line, bytes, size, flags);
    point();
    pthread_mutex_unlock(&turn);
    return done;
}
