/* In rounds, by ascending edges: all ranks look for the loops of lunes, the first reduces them. Where no class is alive nothing can end, and lunes
   are left out up to the next birth: so it is from the last death on, where lunes are largest. */
#include "by_cycles.h"

#include "../core/cast.h"
#include "../core/sort.h"
#include "homology_impl.h"
#include "loops.h"
#include <hole/hole_error.h>

enum { N_ROUNDS = 400, FEWEST_EDGES = 1024 /* of a round on a rank */ };

struct solver {
  HoleHomology                 homology;
  MPI_Comm                     comm;
  PetscMPIInt                  rank, size;
  const struct hole_simplices *x;
  hole_loops                   loops;
  struct hole_loop_list        list;
  hole_suspension              suspension;       /* on the first rank */
  HoleIndex                    n_births, n_born; /* on the first rank: all births; those of rounds so far */
  uint64_t                    *births;           /* [n_births] ascending */
};

/* Collective: the numbers of all ranks, each of `bytes`, on the first; to be freed there. */
static PetscErrorCode gather(const struct solver *s, HoleIndex n, const void *numbers, MPI_Datatype type, size_t bytes,
                             HoleIndex *n_all, void **all)
{
  PetscMPIInt    count, *counts, *starts;
  PetscErrorCode planned = PETSC_SUCCESS;

  PetscFunctionBegin;
  *all   = NULL;
  *n_all = 0;
  HoleCallAgreed(s->comm, hole_mpi_int(n, &count));                          /* local */
  HoleCallAgreed(s->comm, PetscMalloc2(s->size, &counts, s->size, &starts)); /* local */
  PetscCallMPI(MPI_Allgather(&count, 1, MPI_INT, counts, 1, MPI_INT, s->comm));
  for (PetscMPIInt r = 0; r < s->size && !planned; ++r) { /* equal everywhere */
    planned = hole_mpi_int(*n_all, &starts[r]);
    *n_all += counts[r];
  }
  if (!planned) planned = HoleErrorAgree(s->comm, PetscMalloc(s->rank ? 0 : (size_t)*n_all * bytes, all));
  if (!planned) PetscCallMPI(MPI_Gatherv(numbers, count, type, *all, counts, starts, type, 0, s->comm));
  PetscCall(PetscFree2(counts, starts));
  PetscCall(planned);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The longest edge of a birth. */
static uint32_t birth_edge(const struct solver *s, HoleIndex b)
{
  return (uint32_t)(s->births[b] >> s->x->vertex_bits);
}

/* Local, on the first rank: the edge from which lunes matter, once those before `edge` are done. */
static uint32_t next_edge(struct solver *s, uint32_t edge)
{
  while (s->n_born < s->n_births && birth_edge(s, s->n_born) < edge) ++s->n_born;
  if (hole_suspension_count(s->suspension) < s->n_born) return edge;
  return s->n_born < s->n_births ? birth_edge(s, s->n_born) + 1 : s->x->s->n_active;
}

static int by_edge_then_closing(const void *a, const void *b)
{
  const uint32_t *const *x = a, *const *y = b;

  if ((*x)[0] != (*y)[0]) return (*x)[0] < (*y)[0] ? -1 : 1;
  return (*x)[1] < (*y)[1] ? -1 : (*x)[1] > (*y)[1];
}

/* Local, on the first rank: reduce the loops of a round in order, but those that come when no class is alive. */
static PetscErrorCode reduce(struct solver *s, HoleIndex n_numbers, const uint32_t numbers[])
{
  HoleIndex        n_loops = 0;
  const uint32_t **loops;
  PetscErrorCode   reduced = PETSC_SUCCESS;

  PetscFunctionBegin;
  for (HoleIndex at = 0; at < n_numbers; at += 3 + numbers[at + 2]) ++n_loops;
  PetscCall(PetscMalloc1(n_loops, &loops));
  n_loops = 0;
  for (HoleIndex at = 0; at < n_numbers; at += 3 + numbers[at + 2]) loops[n_loops++] = numbers + at;
  hole_sort(loops, n_loops, sizeof(*loops), by_edge_then_closing);
  for (HoleIndex l = 0; l < n_loops && !reduced; ++l) {
    if (next_edge(s, loops[l][0]) == loops[l][0]) reduced = hole_suspension_add(s->suspension, loops[l]);
  }
  PetscCall(PetscFree(loops));
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: the lunes of a range of edges. */
static PetscErrorCode do_round(struct solver *s, uint32_t first, uint32_t last)
{
  HoleIndex      n       = 0;
  uint32_t      *numbers = NULL;
  PetscErrorCode reduced;

  PetscFunctionBegin;
  s->list.n = 0;
  HoleCallAgreed(s->comm, hole_loops_find(s->loops, first, last, s->rank, s->size, &s->list)); /* local */
  PetscCall(gather(s, s->list.n, s->list.numbers, MPI_UINT32_T, sizeof(*numbers), &n, (void **)&numbers));
  reduced = HoleErrorAgree(s->comm, s->rank ? PETSC_SUCCESS : reduce(s, n, numbers)); /* local */
  PetscCall(PetscFree(numbers));
  PetscCall(reduced);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode start(struct solver *s)
{
  PetscFunctionBegin;
  PetscCall(hole_loops_create(s->x->s, &s->loops));
  if (s->rank) PetscFunctionReturn(PETSC_SUCCESS);
  hole_sort(s->births, s->n_births, sizeof(*s->births), hole_entry_order);
  PetscCall(hole_suspension_create(s->x, s->n_births, s->births, s->homology->most_bytes, &s->suspension));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode do_rounds(struct solver *s)
{
  const uint32_t n = s->x->s->n_active, step = PetscMax(n / N_ROUNDS + 1, FEWEST_EDGES * (uint32_t)s->size);
  uint32_t       edge = 0;

  PetscFunctionBegin;
  for (;;) {
    uint32_t last;

    if (!s->rank) edge = next_edge(s, edge);
    PetscCallMPI(MPI_Bcast(&edge, 1, MPI_UINT32_T, 0, s->comm));
    if (edge >= n) break;
    last = n - edge > step ? edge + step : n;
    PetscCall(do_round(s, edge, last));
    PetscCall(hole_homology_report(s->homology, "loops of lunes", last, n));
    edge = last;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the first rank has found. */
static PetscErrorCode tell_pairs(const struct solver *s, HoleIndex *n_pairs, struct hole_suspension_pair *pairs[])
{
  PetscMPIInt count;

  PetscFunctionBegin;
  if (!s->rank) *n_pairs = hole_suspension_count(s->suspension);
  PetscCallMPI(MPI_Bcast(n_pairs, 1, HOLE_MPI_INDEX, 0, s->comm));
  HoleCallAgreed(s->comm, hole_mpi_int(2 * *n_pairs, &count)); /* equal everywhere */
  HoleCallAgreed(s->comm,
                 s->rank ? PetscMalloc1(*n_pairs, pairs) : hole_suspension_pairs(s->suspension, pairs)); /* local */
  PetscCallMPI(MPI_Bcast(*pairs, count, MPI_UINT64_T, 0, s->comm));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode solve(struct solver *s, HoleIndex n_births, const uint64_t births[], HoleIndex *n_pairs,
                            struct hole_suspension_pair *pairs[])
{
  PetscFunctionBegin;
  PetscCall(gather(s, n_births, births, MPI_UINT64_T, sizeof(*births), &s->n_births, (void **)&s->births));
  HoleCallAgreed(s->comm, start(s)); /* local */
  PetscCall(do_rounds(s));
  PetscCall(tell_pairs(s, n_pairs, pairs));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_solve_by_cycles(HoleHomology homology, const struct hole_simplices *x, HoleIndex n_births,
                                    const uint64_t births[], HoleIndex *n_pairs, struct hole_suspension_pair *pairs[])
{
  struct solver  s = {.homology = homology, .comm = HoleFiltrationGetComm(homology->filtration), .x = x};
  PetscErrorCode solved;

  PetscFunctionBegin;
  *n_pairs = 0;
  *pairs   = NULL;
  PetscCallMPI(MPI_Comm_size(s.comm, &s.size));
  PetscCallMPI(MPI_Comm_rank(s.comm, &s.rank));
  solved = solve(&s, n_births, births, n_pairs, pairs);
  PetscCall(hole_loops_destroy(&s.loops));
  PetscCall(hole_suspension_destroy(&s.suspension));
  PetscCall(PetscFree(s.list.numbers));
  PetscCall(PetscFree(s.births));
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}
