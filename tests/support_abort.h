/* support_abort.h: tests of broken invariants, which abort the process. */
#ifndef TESTS_SUPPORT_ABORT_H
#define TESTS_SUPPORT_ABORT_H

/* Run `body` in a child process: it must die of SIGABRT and have written `expected_text` to
 * stderr.  Fails the running cmocka test otherwise. */
void assert_aborts(void (*body)(void), const char *expected_text);

#endif
