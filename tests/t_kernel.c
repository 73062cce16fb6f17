/* The kernel of a dominance relation: what the definition says, checked on every vertex. */
#include "analysis/kernel.h"
#include "engine/rng.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { VERTICES_MAX = 24, SUBSETS_MAX = 10 };

struct graph {
    size_t count;
    bool dominates[VERTICES_MAX * VERTICES_MAX];
    bool kept[VERTICES_MAX];
    uint32_t dominator[VERTICES_MAX], component[VERTICES_MAX];
};

static void edge(struct graph *graph, size_t from, size_t to)
{
    graph->dominates[from * graph->count + to] = true;
}

static bool has_edge(const struct graph *graph, size_t from, size_t to)
{
    return graph->dominates[from * graph->count + to];
}

static void find(struct graph *graph)
{
    struct err err = {0};
    assert_int_equal(kernel_find(graph->dominates, graph->count, graph->kept, graph->dominator,
                                 graph->component, &err),
                     RC_OK);
}

/* ---- known answers -------------------------------------------------------------------------- */

static void no_strategies_no_work(void **unused)
{
    (void)unused;
    struct err err = {0};
    assert_int_equal(kernel_find(NULL, 0, NULL, NULL, NULL, &err), RC_OK);
}

/* Confirmed: a > b and b > c, not a > c.  c stays: the one who could vouch against it left. */
static void a_removed_vertex_removes_nobody(void **unused)
{
    (void)unused;
    struct graph graph = {.count = 3};
    edge(&graph, 0, 1);
    edge(&graph, 1, 2);
    find(&graph);
    assert_true(graph.kept[0] && !graph.kept[1] && graph.kept[2]);
    assert_int_equal(graph.dominator[0], KERNEL_NONE);
    assert_int_equal(graph.dominator[1], 0);
    assert_int_equal(graph.dominator[2], KERNEL_NONE);
    /* The same chain against the order of the indices. */
    struct graph back = {.count = 3};
    edge(&back, 2, 1);
    edge(&back, 1, 0);
    find(&back);
    assert_true(back.kept[0] && !back.kept[1] && back.kept[2]);
    assert_int_equal(back.dominator[1], 2);
    /* And with a > c confirmed as well. */
    edge(&graph, 0, 2);
    find(&graph);
    assert_true(graph.kept[0] && !graph.kept[1] && !graph.kept[2]);
    assert_int_equal(graph.dominator[2], 0);
}

/* Three strategies equal in bytes whose log ratios are rotations of (-1.5 d, 0.75 d, 0.75 d): each
 * is better than the next by more than the margin d in one metric and worse by less than d in the
 * other two. */
static void the_smallest_cycle_is_kept_whole(void **unused)
{
    (void)unused;
    const double margin = 0.03;
    const double value[3][3] = {{0, 0, 0}, {1.5, -0.75, -0.75}, {0.75, 0.75, -1.5}};
    struct graph graph = {.count = 3};
    for (size_t a = 0; a < 3; a++) {
        for (size_t b = 0; b < 3; b++) {
            bool no_worse = true, better = false;
            for (size_t m = 0; m < 3; m++) {
                double theta = margin * (value[a][m] - value[b][m]);
                no_worse = no_worse && theta <= margin;
                better = better || theta < -margin;
            }
            if (no_worse && better)
                edge(&graph, a, b);
        }
    }
    assert_true(has_edge(&graph, 0, 1) && has_edge(&graph, 1, 2) && has_edge(&graph, 2, 0));
    assert_false(has_edge(&graph, 1, 0) || has_edge(&graph, 2, 1) || has_edge(&graph, 0, 2));
    find(&graph);
    for (size_t i = 0; i < 3; i++) {
        assert_true(graph.kept[i]);
        assert_int_equal(graph.dominator[i], KERNEL_NONE);
        assert_int_equal(graph.component[i], 0);
    }
}

/* Members of a cycle spare each other, not others, and others do not spare them. */
static void a_cycle_lives_among_others(void **unused)
{
    (void)unused;
    struct graph graph = {.count = 5};
    edge(&graph, 1, 2);
    edge(&graph, 2, 3);
    edge(&graph, 3, 1);
    edge(&graph, 3, 4); /* the cycle removes 4 */
    edge(&graph, 2, 4);
    find(&graph);
    assert_true(graph.kept[0] && graph.kept[1] && graph.kept[2] && graph.kept[3]);
    assert_false(graph.kept[4]);
    assert_int_equal(graph.dominator[4], 2); /* the smallest of those that remove it */

    edge(&graph, 0, 2); /* one member falls: 2 removes 4 no more, 3 still does */
    find(&graph);
    assert_true(graph.kept[0] && graph.kept[1] && !graph.kept[2] && graph.kept[3]);
    assert_int_equal(graph.dominator[2], 0);
    assert_int_equal(graph.dominator[4], 3);
    assert_true(graph.component[0] < graph.component[1]);
    assert_true(graph.component[1] < graph.component[4]);
}

static void a_vertex_cannot_remove_itself(void **unused)
{
    (void)unused;
    struct graph graph = {.count = 2};
    edge(&graph, 0, 0);
    edge(&graph, 1, 1);
    edge(&graph, 0, 1);
    find(&graph);
    assert_true(graph.kept[0] && !graph.kept[1]);
}

/* ---- properties ----------------------------------------------------------------------------- */

/* reach[a][b]: a path of at least one edge, by Warshall: nothing shared with Tarjan. */
static void close_paths(const struct graph *graph, bool reach[VERTICES_MAX][VERTICES_MAX])
{
    size_t count = graph->count;
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < count; b++)
            reach[a][b] = has_edge(graph, a, b);
    }
    for (size_t via = 0; via < count; via++) {
        for (size_t a = 0; a < count; a++) {
            for (size_t b = 0; b < count; b++)
                reach[a][b] = reach[a][b] || (reach[a][via] && reach[via][b]);
        }
    }
}

/* Each vertex against the definition: dominators in other components decide, and only the kept. */
static void check_graph(struct graph *graph)
{
    bool reach[VERTICES_MAX][VERTICES_MAX];
    find(graph);
    close_paths(graph, reach);
    for (size_t b = 0; b < graph->count; b++) {
        uint32_t first = KERNEL_NONE;
        for (size_t a = graph->count; a-- > 0;) {
            bool together = a == b || (reach[a][b] && reach[b][a]);
            assert_true((graph->component[a] == graph->component[b]) == together);
            if (together || !has_edge(graph, a, b))
                continue;
            assert_true(graph->component[a] < graph->component[b]);
            if (graph->kept[a])
                first = (uint32_t)a;
        }
        /* Internal stability: kept, so no kept dominator.  External: removed, so it has one. */
        assert_true(graph->kept[b] == (first == KERNEL_NONE));
        assert_int_equal(graph->dominator[b], first);
    }
}

static struct graph random_graph(struct rng *rng, bool acyclic, size_t count_max)
{
    struct graph graph = {.count = 1 + (size_t)rng_below(rng, count_max)};
    uint32_t order[VERTICES_MAX];
    rng_permutation(rng, order, (uint32_t)graph.count);
    double density = rng_unit(rng) * rng_unit(rng);
    for (size_t a = 0; a < graph.count; a++) {
        for (size_t b = 0; b < graph.count; b++) {
            if ((!acyclic || order[a] < order[b]) && rng_unit(rng) < density)
                edge(&graph, a, b);
        }
    }
    return graph;
}

static void random_digraphs_are_stable_inside_and_outside(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "kernel", 0);
    size_t cyclic = 0, removed = 0, removed_beside_cycle = 0;
    for (size_t i = 0; i < 20000; i++) {
        struct graph graph = random_graph(&rng, i % 4 == 0, VERTICES_MAX);
        check_graph(&graph);
        bool cycle = false, gone = false;
        for (size_t a = 0; a < graph.count; a++) {
            gone = gone || !graph.kept[a];
            for (size_t b = 0; b < a; b++)
                cycle = cycle || graph.component[a] == graph.component[b];
        }
        cyclic += cycle;
        removed += gone;
        removed_beside_cycle += cycle && gone;
    }
    /* The draws reach all cases. */
    assert_true(cyclic > 2000 && removed > 2000 && removed_beside_cycle > 1000);
}

/* A set is a kernel when none of its members dominates another and each other vertex is dominated
 * by a member. */
static bool is_kernel(const struct graph *graph, uint32_t set)
{
    for (size_t b = 0; b < graph->count; b++) {
        bool dominated = false;
        for (size_t a = 0; a < graph->count; a++)
            dominated = dominated || ((set >> a & 1) && has_edge(graph, a, b));
        if (dominated == (set >> b & 1))
            return false;
    }
    return true;
}

static void without_cycles_the_kernel_is_the_only_one(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "kernel", 1);
    for (size_t i = 0; i < 1000; i++) {
        struct graph graph = random_graph(&rng, true, SUBSETS_MAX);
        find(&graph);
        uint32_t kept = 0, kernels = 0;
        for (size_t a = 0; a < graph.count; a++)
            kept |= (uint32_t)graph.kept[a] << a;
        for (uint32_t set = 0; set < UINT32_C(1) << graph.count; set++) {
            if (!is_kernel(&graph, set))
                continue;
            kernels++;
            assert_int_equal(set, kept);
        }
        assert_int_equal(kernels, 1);
    }
}

/* Names are no argument: renumbering the vertices renumbers the answer. */
static void the_answer_does_not_depend_on_the_order(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "kernel", 2);
    for (size_t i = 0; i < 1000; i++) {
        struct graph graph = random_graph(&rng, false, VERTICES_MAX);
        struct graph other = {.count = graph.count};
        uint32_t to[VERTICES_MAX];
        rng_permutation(&rng, to, (uint32_t)graph.count);
        for (size_t a = 0; a < graph.count; a++) {
            for (size_t b = 0; b < graph.count; b++) {
                if (has_edge(&graph, a, b))
                    edge(&other, to[a], to[b]);
            }
        }
        find(&graph);
        find(&other);
        for (size_t a = 0; a < graph.count; a++)
            assert_true(graph.kept[a] == other.kept[to[a]]);
    }
}

/* ---- size ----------------------------------------------------------------------------------- */

enum { MANY = 4000 };

struct big {
    bool *dominates, *kept;
    uint32_t *dominator;
    enum rc rc;
};

static void *find_big(void *arg)
{
    struct big *big = arg;
    struct err err = {0};
    big->rc = kernel_find(big->dominates, MANY, big->kept, big->dominator, NULL, &err);
    return NULL;
}

/* On a stack of 64 KiB: a call per vertex of the path would need several times as much. */
static void find_on_a_small_stack(struct big *big)
{
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 64 * KIB), 0);
    assert_int_equal(pthread_create(&thread, &attributes, find_big, big), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(big->rc, RC_OK);
}

static void thousands_in_a_chain_and_in_a_cycle(void **unused)
{
    (void)unused;
    struct big big = {calloc((size_t)MANY * MANY, sizeof(bool)), calloc(MANY, sizeof(bool)),
                      calloc(MANY, sizeof(uint32_t)), RC_BUG};
    assert_true(big.dominates != NULL && big.kept != NULL && big.dominator != NULL);
    for (size_t i = 0; i + 1 < MANY; i++)
        big.dominates[i * MANY + i + 1] = true;
    find_on_a_small_stack(&big);
    for (size_t i = 0; i < MANY; i++) { /* every second one */
        assert_true(big.kept[i] == (i % 2 == 0));
        assert_int_equal(big.dominator[i], i % 2 == 0 ? KERNEL_NONE : i - 1);
    }
    big.dominates[(size_t)(MANY - 1) * MANY] = true; /* closes the circle */
    find_on_a_small_stack(&big);
    for (size_t i = 0; i < MANY; i++)
        assert_true(big.kept[i]);
    free(big.dominates);
    free(big.kept);
    free(big.dominator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_strategies_no_work),
        cmocka_unit_test(a_removed_vertex_removes_nobody),
        cmocka_unit_test(the_smallest_cycle_is_kept_whole),
        cmocka_unit_test(a_cycle_lives_among_others),
        cmocka_unit_test(a_vertex_cannot_remove_itself),
        cmocka_unit_test(random_digraphs_are_stable_inside_and_outside),
        cmocka_unit_test(without_cycles_the_kernel_is_the_only_one),
        cmocka_unit_test(the_answer_does_not_depend_on_the_order),
        cmocka_unit_test(thousands_in_a_chain_and_in_a_cycle),
    };
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
