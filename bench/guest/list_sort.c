// Merge sort of a linked list: dependent loads and unpredictable branches.
#include "workload.h"

enum { NODES = 1 << 15 };

struct node {
    struct node *next;
    uint32_t key;
};

static struct node *merge(struct node *a, struct node *b)
{
    struct node head, *tail = &head;
    while (a && b) {
        struct node **least = a->key <= b->key ? &a : &b;
        tail = tail->next = *least;
        *least = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *list, unsigned count)
{
    if (count == 1) {
        list->next = NULL;
        return list;
    }
    struct node *middle = list;
    for (unsigned i = 0; i < count / 2; i++) middle = middle->next;
    struct node *second = sort(middle, count - count / 2);
    return merge(sort(list, count / 2), second);
}

uint64_t list_sort(uint64_t units)
{
    struct node *nodes = pages(NODES * sizeof *nodes);
    uint64_t random = 88172645463325252ull, sum = 0;
    while (units--) {
        for (unsigned i = 0; i < NODES; i++) {
            nodes[i].key = (uint32_t)next_random(&random);
            nodes[i].next = &nodes[i + 1];
        }
        struct node *list = sort(nodes, NODES);
        for (unsigned i = 0; list; list = list->next, i++) sum = mix(sum, list->key ^ i);
    }
    return sum;
}
