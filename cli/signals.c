#include "cli/cli.h"

volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

/* The first signal asks to stop after the running operation; the handler is then reset, so a second
 * one ends the program at once.  nohup asks for SIGHUP to stay ignored. */
void stop_on_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal}, before;
    (void)sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND | SA_RESTART;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        bool ignored = sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN;
        if (numbers[i] != SIGHUP || !ignored)
            (void)sigaction(numbers[i], &action, NULL);
    }
}
