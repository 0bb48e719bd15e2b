/* heap.h - a list of entries as a binary heap, the least on top. */
#pragma once

#include "simplices.h"

/* Order it again from `place` on, once it is a heap before. */
static inline void hole_heap_restore(struct hole_entries *heap, HoleIndex place)
{
  for (; place < heap->n; ++place) {
    hole_entry entry = heap->entry[place];
    HoleIndex  p     = place;

    for (; p && entry < heap->entry[(p - 1) / 2]; p = (p - 1) / 2) heap->entry[p] = heap->entry[(p - 1) / 2];
    heap->entry[p] = entry;
  }
}

/* Let the entry sink from `place` to where it belongs. */
static inline void hole_heap_sink(struct hole_entries *heap, HoleIndex place, hole_entry entry)
{
  HoleIndex child;

  while ((child = 2 * place + 1) < heap->n) {
    child += child + 1 < heap->n && heap->entry[child + 1] < heap->entry[child];
    if (heap->entry[child] >= entry) break;
    heap->entry[place] = heap->entry[child];
    place              = child;
  }
  heap->entry[place] = entry;
}

/* Make a heap of any list. */
static inline void hole_heap_make(struct hole_entries *heap)
{
  for (HoleIndex place = heap->n / 2 - 1; place >= 0; --place) hole_heap_sink(heap, place, heap->entry[place]);
}

static inline PetscErrorCode hole_heap_push(struct hole_entries *heap, hole_entry entry)
{
  PetscFunctionBegin;
  PetscCall(hole_entries_reserve(heap, 1));
  heap->entry[heap->n++] = entry;
  hole_heap_restore(heap, heap->n - 1);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The least entry; the heap is not empty. */
static inline hole_entry hole_heap_pop(struct hole_entries *heap)
{
  const hole_entry first = heap->entry[0], last = heap->entry[--heap->n];

  if (heap->n) hole_heap_sink(heap, 0, last);
  return first;
}
