/* Of a list that is too long for the heap about the first eighth is taken out, of which again a part may be taken out. So each tier takes an
   eighth of the memory of the one before it. */
#include "entry_queue.h"

enum { N_SAMPLES = 32, MOST_HEAP = 512, MOST_SPARE = 1 << 15 /* entries that an empty list keeps room for */ };

/* Few columns are long, and their entries are now in one tier, now in another. */
static PetscErrorCode empty(struct hole_entries *list)
{
  PetscFunctionBegin;
  list->n = 0;
  if (list->capacity <= MOST_SPARE) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(list->entry));
  list->capacity = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_entry_queue_clear(struct hole_entry_queue *q)
{
  PetscFunctionBegin;
  PetscCall(empty(&q->heap));
  PetscCall(empty(&q->fresh));
  for (int t = 0; t < HOLE_MOST_TIERS; ++t) PetscCall(empty(&q->tiers[t]));
  q->n_tiers = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode append(struct hole_entries *to, const struct hole_entries *from)
{
  PetscFunctionBegin;
  PetscCall(hole_entries_reserve(to, from->n));
  PetscCall(PetscArraycpy(to->entry + to->n, from->entry, from->n));
  to->n += from->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Move the entries after a bound (`after`), or the others, to the end of another list. */
static PetscErrorCode move_entries(hole_entry bound, PetscBool after, struct hole_entries *from,
                                   struct hole_entries *to)
{
  HoleIndex n_moved = 0, kept = 0, n;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < from->n; ++e) n_moved += (from->entry[e] > bound) == after;
  PetscCall(hole_entries_reserve(to, n_moved + 1));
  n = to->n;
  for (HoleIndex e = 0; e < from->n; ++e) { /* both are written, one advances: a branch would be guessed wrong */
    const hole_entry entry = from->entry[e];
    const PetscBool  moves = (PetscBool)((entry > bound) == after);

    to->entry[n] = from->entry[kept] = entry;
    n += moves;
    kept += !moves;
  }
  to->n   = n;
  from->n = kept;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Where about the first eighth of many entries ends. */
static hole_entry choose_bound(const struct hole_entries *list)
{
  hole_entry samples[N_SAMPLES];

  for (int s = 0; s < N_SAMPLES; ++s) {
    const hole_entry sample = list->entry[s * (list->n / N_SAMPLES)];
    int              place  = s;

    for (; place && samples[place - 1] > sample; --place) samples[place] = samples[place - 1];
    samples[place] = sample;
  }
  return samples[N_SAMPLES / 8];
}

/* A list becomes the last tier. (No cofacet has the number 0: edge 0 is the longest of none.) */
static void push_tier(struct hole_entry_queue *q, struct hole_entries *list)
{
  const struct hole_entries tier = *list;

  *list                   = q->tiers[q->n_tiers];
  q->tiers[q->n_tiers]    = tier;
  list->n                 = 0;
  q->bounds[q->n_tiers++] = 0;
}

PetscErrorCode hole_entry_queue_take(struct hole_entry_queue *q)
{
  const HoleIndex n_before = q->heap.n;

  PetscFunctionBegin;
  if (!q->heap.n && !q->n_tiers) {
    push_tier(q, &q->fresh);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int t = 0; t < q->n_tiers && q->fresh.n; ++t)
    PetscCall(move_entries(q->bounds[t], PETSC_TRUE, &q->fresh, &q->tiers[t]));
  PetscCall(append(&q->heap, &q->fresh));
  q->fresh.n = 0;
  if (q->heap.n > 2 * MOST_HEAP && q->n_tiers < HOLE_MOST_TIERS) push_tier(q, &q->heap);
  else hole_heap_restore(&q->heap, n_before);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_entry_queue_fill(struct hole_entry_queue *q, int low_bits)
{
  PetscBool filled = PETSC_FALSE;

  PetscFunctionBegin;
  while (!filled && q->n_tiers) {
    struct hole_entries *last  = &q->tiers[q->n_tiers - 1];
    hole_entry          *bound = &q->bounds[q->n_tiers - 1];

    *bound = last->n > MOST_HEAP ? choose_bound(last) | ((UINT64_C(1) << low_bits) - 1) : UINT64_MAX;
    PetscCall(move_entries(*bound, PETSC_FALSE, last, &q->heap));
    filled = (PetscBool)(q->heap.n && (!last->n || q->heap.n <= MOST_HEAP || q->n_tiers == HOLE_MOST_TIERS));
    if (!last->n) {
      PetscCall(empty(last));
      --q->n_tiers;
    }
    if (!filled && q->heap.n) push_tier(q, &q->heap);
  }
  hole_heap_make(&q->heap);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_entry_queue_list(struct hole_entry_queue *q)
{
  PetscFunctionBegin;
  PetscCall(append(&q->fresh, &q->heap));
  for (int t = 0; t < q->n_tiers; ++t) PetscCall(append(&q->fresh, &q->tiers[t]));
  q->heap.n  = 0;
  q->n_tiers = 0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_entry_queue_bytes(const struct hole_entry_queue *q)
{
  HoleIndex n = q->heap.capacity + q->fresh.capacity;

  for (int t = 0; t < HOLE_MOST_TIERS; ++t) n += q->tiers[t].capacity;
  return (double)n * sizeof(hole_entry);
}

PetscErrorCode hole_entry_queue_destroy(struct hole_entry_queue *q)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(q->heap.entry));
  PetscCall(PetscFree(q->fresh.entry));
  for (int t = 0; t < HOLE_MOST_TIERS; ++t) PetscCall(PetscFree(q->tiers[t].entry));
  *q = (struct hole_entry_queue){0};
  PetscFunctionReturn(PETSC_SUCCESS);
}
