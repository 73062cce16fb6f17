#include "tests/support_tree.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tree_must(bool ok, const char *what, const struct err *err)
{
    if (ok)
        return;
    fprintf(stderr, "test tree: %s: %s\n", what, err->msg);
    abort();
}

void tree_open(struct tree *tree, bool posix, bool trace)
{
    struct err err = {0};

    memset(tree, 0, sizeof(*tree));
    tree->posix = posix;
    if (!posix) {
        tree_must(io_open_memory(&tree->io, trace, &err) == RC_OK, "open memory", &err);
        return;
    }
    snprintf(tree->root, sizeof(tree->root), "/tmp/blobfront-test-XXXXXX");
    tree_must(mkdtemp(tree->root) != NULL, "mkdtemp", &err);
    tree_must(io_open_posix(&tree->io, tree->root, &err) == RC_OK, "open posix", &err);
}

void tree_reopen(struct tree *tree)
{
    struct err err = {0};

    if (!tree->posix)
        return;
    io_close(&tree->io);
    tree_must(io_open_posix(&tree->io, tree->root, &err) == RC_OK, "reopen", &err);
}

static int tree_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void tree_close(struct tree *tree)
{
    io_close(&tree->io);
    if (tree->posix)
        nftw(tree->root, tree_remove, 8, FTW_DEPTH | FTW_PHYS);
}

void tree_path(const struct tree *tree, const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", tree->root, name);
}

static enum io_verdict fault_before(void *ctx, const struct io_event *event, int *sys)
{
    struct fault *fault = ctx;

    if (fault->ops != 0 && !(fault->ops & 1u << event->op))
        return IO_PASS;
    fault->seen++;
    if (fault->seen <= fault->skip || (fault->fired > 0 && !fault->sticky))
        return IO_PASS;
    fault->fired++;
    *sys = fault->sys;
    return fault->verdict;
}

void fault_arm(struct fault *fault, struct io *io)
{
    fault->seen = 0;
    fault->fired = 0;
    io->hook = (struct io_hook){.before = fault_before, .ctx = fault};
}

void fault_disarm(struct io *io)
{
    io->hook = (struct io_hook){0};
}
