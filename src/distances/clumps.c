/* Own points in order of the nearest point of a sample; the members of a group, some at a time, are a clump. */
#include "clumps.h"

#include "../core/fault.h"

enum {
  WINDOW = 16384, /* points that are grouped together */
  GROUP  = 64     /* points of a group, on average */
};

struct clumps {
  HoleDistances          d;
  hole_tiles             tiles;
  int                    n_consumers;
  struct hole_consumer **consumers;
  uint8_t                groups[WINDOW];
  uint32_t               ids[WINDOW]; /* by groups */
  float                  low[HOLE_MOST_CLUMP * HOLE_MOST_CLUMP], high[HOLE_MOST_CLUMP * HOLE_MOST_CLUMP];
};

static PetscErrorCode show_clump(struct clumps *c, HoleIndex n, const uint32_t ids[])
{
  const struct hole_clump clump = {n, ids, c->low, c->high};

  PetscFunctionBegin;
  hole_tiles_fill_clump(c->tiles, n, ids, c->low, c->high);
  for (int k = 0; k < c->n_consumers; ++k) {
    if (c->consumers[k]->ops->hint) PetscCall(c->consumers[k]->ops->hint(c->consumers[k], &clump));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Points [first, first + n) in order of their groups; ends[g] is the place after the last of group g. */
static void order_by_group(struct clumps *c, HoleIndex first, HoleIndex n, HoleIndex ends[UINT8_MAX + 1])
{
  HoleIndex place = 0;

  for (HoleIndex i = 0; i < n; ++i) ++ends[c->groups[i]];
  for (int g = 0; g <= UINT8_MAX; ++g) {
    const HoleIndex count = ends[g];

    ends[g] = place;
    place += count;
  }
  for (HoleIndex i = 0; i < n; ++i) c->ids[ends[c->groups[i]]++] = (uint32_t)(first + i);
}

static PetscErrorCode show_window(struct clumps *c, HoleIndex first, HoleIndex n)
{
  HoleIndex ends[UINT8_MAX + 1] = {0}, place = 0;

  PetscFunctionBegin;
  hole_tiles_group(c->tiles, first, n, PetscMax(1, n / GROUP), c->groups);
  order_by_group(c, first, n, ends);
  for (int g = 0; g <= UINT8_MAX; ++g) {
    const HoleIndex n_parts = (ends[g] - place + HOLE_MOST_CLUMP - 1) / HOLE_MOST_CLUMP;

    for (HoleIndex parts = n_parts; parts > 0; --parts) { /* of nearly equal size */
      const HoleIndex count = (ends[g] - place) / parts;

      PetscCall(show_clump(c, count, c->ids + place));
      place += count;
    }
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode show_all(struct clumps *c)
{
  PetscFunctionBegin;
  for (HoleIndex i = 0; i < c->d->n_local; i += WINDOW)
    PetscCall(show_window(c, c->d->first + i, PetscMin(WINDOW, c->d->n_local - i)));
  for (int k = 0; k < c->n_consumers; ++k) {
    if (c->consumers[k]->ops->hint) PetscCall(c->consumers[k]->ops->hint(c->consumers[k], NULL));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_clumps_show(HoleDistances d, hole_tiles tiles, int n_consumers, struct hole_consumer *consumers[])
{
  struct clumps *c;
  PetscErrorCode shown;

  PetscFunctionBegin;
  if (!hole_tiles_have_shadows(tiles)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscNew(&c));
  c->d           = d;
  c->tiles       = tiles;
  c->n_consumers = n_consumers;
  c->consumers   = consumers;
  shown          = show_all(c);
  PetscCall(PetscFree(c));
  PetscCall(shown);
  PetscFunctionReturn(PETSC_SUCCESS);
}
