/* A list that is too long for the heap is cut in two at about its first eighth, which may be cut again. */
#include "entry_queue.h"

enum { N_SAMPLES = 32, MOST_HEAP = 512 };

void hole_entry_queue_clear(struct hole_entry_queue *q)
{
  q->heap.n = q->fresh.n = 0;
  q->n_tiers             = 0;
}

static PetscErrorCode append(struct hole_entries *to, const struct hole_entries *from)
{
  PetscFunctionBegin;
  PetscCall(hole_entries_reserve(to, from->n));
  PetscCall(PetscArraycpy(to->entry + to->n, from->entry, from->n));
  to->n += from->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Move the entries after a bound to the end of another list. */
static PetscErrorCode move_after(hole_entry bound, struct hole_entries *from, struct hole_entries *to)
{
  HoleIndex n_after = 0, kept = 0, n;

  PetscFunctionBegin;
  for (HoleIndex e = 0; e < from->n; ++e) n_after += from->entry[e] > bound;
  PetscCall(hole_entries_reserve(to, n_after + 1));
  n = to->n;
  for (HoleIndex e = 0; e < from->n; ++e) { /* both are written, one advances: a branch would be guessed wrong */
    const hole_entry entry = from->entry[e];

    to->entry[n] = from->entry[kept] = entry;
    n += entry > bound;
    kept += entry <= bound;
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

static void swap(struct hole_entries *a, struct hole_entries *b)
{
  const struct hole_entries c = *a;

  *a = *b;
  *b = c;
}

/* The heap becomes the last tier. (No cofacet has the number 0: edge 0 is the longest of none.) */
static void push_tier(struct hole_entry_queue *q)
{
  swap(&q->heap, &q->tiers[q->n_tiers]);
  q->heap.n               = 0;
  q->bounds[q->n_tiers++] = 0;
}

PetscErrorCode hole_entry_queue_take(struct hole_entry_queue *q)
{
  const HoleIndex n_before = q->heap.n;

  PetscFunctionBegin;
  if (!q->heap.n && !q->n_tiers) {
    swap(&q->heap, &q->fresh);
    push_tier(q);
    PetscFunctionReturn(PETSC_SUCCESS);
  }
  for (int t = 0; t < q->n_tiers && q->fresh.n; ++t) PetscCall(move_after(q->bounds[t], &q->fresh, &q->tiers[t]));
  PetscCall(append(&q->heap, &q->fresh));
  q->fresh.n = 0;
  if (q->heap.n > 2 * MOST_HEAP && q->n_tiers < HOLE_MOST_TIERS) push_tier(q);
  else hole_heap_restore(&q->heap, n_before);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_entry_queue_fill(struct hole_entry_queue *q, int low_bits)
{
  PetscBool filled = PETSC_FALSE;

  PetscFunctionBegin;
  while (!filled && q->n_tiers) {
    struct hole_entries *last = &q->tiers[q->n_tiers - 1];

    swap(&q->heap, last);
    last->n = 0;
    if (q->heap.n > MOST_HEAP) {
      q->bounds[q->n_tiers - 1] = choose_bound(&q->heap) | ((UINT64_C(1) << low_bits) - 1);
      PetscCall(move_after(q->bounds[q->n_tiers - 1], &q->heap, last));
      filled = (PetscBool)(!last->n || q->heap.n <= MOST_HEAP || q->n_tiers == HOLE_MOST_TIERS);
    } else filled = (PetscBool)(q->heap.n > 0);
    if (!last->n) --q->n_tiers;
    if (!filled && q->heap.n) push_tier(q);
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
