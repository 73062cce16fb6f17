/* support_tree.h: an io tree to test on, on either back end, and faults to inject into it. */
#ifndef TESTS_SUPPORT_TREE_H
#define TESTS_SUPPORT_TREE_H

#include "engine/io.h"

struct tree {
    struct io io;
    bool posix;
    char root[64]; /* posix: a directory of its own below /tmp */
};

/* Aborts the test program when the environment does not allow it. */
void tree_open(struct tree *tree, bool posix, bool trace);
/* Close and open the tree again; on the memory back end it simply stays. */
void tree_reopen(struct tree *tree);
/* Closes the tree and deletes its directory. */
void tree_close(struct tree *tree);
/* root/name as the operating system sees it; posix only. */
void tree_path(const struct tree *tree, const char *name, char out[512]);

/* A hook that lets `skip` matching operations pass and gives `verdict` to the next one, or to all
 * that follow when `sticky`. */
struct fault {
    unsigned ops; /* bit per io_op; 0: every op */
    uint64_t skip;
    enum io_verdict verdict;
    int sys;
    bool sticky;
    uint64_t seen, fired;
};
void fault_arm(struct fault *fault, struct io *io);
void fault_disarm(struct io *io);

#endif
