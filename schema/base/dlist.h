/* An intrusive list: the links live in the members, so joining and leaving allocate nothing.
 *
 * A struct dlist in the owner is the head, a struct dlist in each member its link; both are
 * initialised with dlist_init().  Leaving twice is harmless. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct dlist {
    struct dlist *next, *prev;
};

static inline void dlist_init(struct dlist *list)
{
    list->next = list->prev = list;
}

static inline bool dlist_is_empty(const struct dlist *list)
{
    return list->next == list;
}

static inline void dlist_add(struct dlist *head, struct dlist *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void dlist_remove(struct dlist *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    dlist_init(link);
}

#define dlist_owner(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Walks the members in order of joining; the current one may leave. */
#define dlist_each(head, type, member, it)                                                         \
    for (type *it = dlist_owner((head)->next, type, member),                                       \
              *it##_next = dlist_owner(it->member.next, type, member);                             \
         &it->member != (head);                                                                    \
         it = it##_next, it##_next = dlist_owner(it->member.next, type, member))
