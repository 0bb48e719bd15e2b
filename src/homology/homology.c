/* The solver object: options, choice of the algorithm, and what all algorithms share. */
#include "homology_impl.h"

#include "../core/log.h"
#include "../core/union_find.h"
#include <hole/hole_error.h>
#include <math.h>

PetscErrorCode HoleHomologyCreate(HoleFiltration filtration, HoleHomology *homology)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(homology));
  (*homology)->filtration = filtration;
  (*homology)->prime      = 2;
  (*homology)->most_bytes = INFINITY;
  PetscCall(HoleHomologySetType(*homology, HOLE_HOMOLOGY_WINDOWS));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetType(HoleHomology homology, const char type[])
{
  PetscFunctionBegin;
  PetscCall(hole_homology_find(type, &homology->ops));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetWindows(HoleHomology homology, PetscInt n_windows)
{
  PetscFunctionBegin;
  PetscCheck(n_windows >= 0, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-homology_windows %" PetscInt_FMT ": expected a number of windows, or 0 to let the program choose",
             n_windows);
  homology->n_windows = n_windows;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscBool is_prime(PetscInt n)
{
  for (PetscInt d = 2; d * d <= n; ++d) {
    if (n % d == 0) return PETSC_FALSE;
  }
  return (PetscBool)(n > 1);
}

PetscErrorCode HoleHomologySetCoefficients(HoleHomology homology, PetscInt prime)
{
  PetscFunctionBegin;
  PetscCheck(prime < 65536 && is_prime(prime), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-coefficients %" PetscInt_FMT ": expected a prime below 65536", prime);
  homology->prime = prime;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt HoleHomologyGetCoefficients(HoleHomology homology) { return homology->prime; }

PetscErrorCode HoleHomologySetMemoryLimit(HoleHomology homology, double bytes)
{
  PetscFunctionBegin;
  homology->most_bytes = bytes;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetSide(HoleHomology homology, HoleSide side)
{
  PetscFunctionBegin;
  homology->side = side;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetRepresentatives(HoleHomology homology, HoleRepresentatives what)
{
  PetscFunctionBegin;
  homology->wants_cocycles = (PetscBool)(what == HOLE_REPRESENT_COCYCLES);
  homology->wants_cycles   = (PetscBool)(what == HOLE_REPRESENT_CYCLES);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetMonitor(HoleHomology homology, HoleHomologyMonitor monitor, void *ctx)
{
  PetscFunctionBegin;
  homology->monitor     = monitor;
  homology->monitor_ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Equal on all ranks. */
static PetscErrorCode check_max_dim(HoleHomology homology)
{
  const PetscInt max_dim = HoleFiltrationGetMaxDim(homology->filtration);

  PetscFunctionBegin;
  PetscCheck(max_dim <= homology->ops->max_dim, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-max_dim %" PetscInt_FMT ": -homology_type %s computes dimensions up to %" PetscInt_FMT
             " in this version; -homology_type %s goes further on small inputs",
             max_dim, homology->ops->name, homology->ops->max_dim, HOLE_HOMOLOGY_STANDARD);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySetFromOptions(HoleHomology homology)
{
  static const char *const sides[] = {"auto", "cohomology", "homology"};
  char                     type[HOLE_NAME_LENGTH];
  PetscInt                 number;
  PetscBool                set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-homology_type", type, sizeof(type), &set));
  if (set) PetscCall(HoleHomologySetType(homology, type));
  PetscCall(PetscOptionsGetEList(NULL, NULL, "-homology_side", sides, 3, &number, &set));
  if (set) PetscCall(HoleHomologySetSide(homology, (HoleSide)number));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-homology_windows", &number, &set));
  if (set) PetscCall(HoleHomologySetWindows(homology, number));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-coefficients", &number, &set));
  if (set) PetscCall(HoleHomologySetCoefficients(homology, number));
  PetscCall(check_max_dim(homology));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_report(HoleHomology homology, const char step[], HoleIndex done, HoleIndex total)
{
  PetscFunctionBegin;
  if (homology->monitor) PetscCall(homology->monitor(step, done, total, homology->monitor_ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_set_keeper(HoleHomology homology, hole_homology_keeper keep, void *ctx)
{
  PetscFunctionBegin;
  homology->keep     = keep;
  homology->keep_ctx = ctx;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_resume(HoleHomology homology, const struct hole_homology_state *state,
                                    HoleDiagram *diagram)
{
  PetscFunctionBegin;
  PetscCheck(HoleDiagramGetMaxDim(*diagram) == HoleFiltrationGetMaxDim(homology->filtration), PETSC_COMM_SELF,
             PETSC_ERR_ARG_WRONG, "A diagram up to dimension %" PetscInt_FMT ", expected %" PetscInt_FMT,
             HoleDiagramGetMaxDim(*diagram), HoleFiltrationGetMaxDim(homology->filtration));
  homology->resumed         = *state;
  homology->resumed_diagram = *diagram;
  *diagram                  = NULL;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_dimension_done(HoleHomology homology, HoleDiagram diagram,
                                            const struct hole_homology_state *state)
{
  PetscFunctionBegin;
  if (homology->keep) PetscCall(homology->keep(diagram, state, homology->keep_ctx));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_begin_phase(HoleHomology homology, const char name[])
{
  char event[HOLE_NAME_LENGTH];

  PetscFunctionBegin;
  homology->phase         = name;
  homology->phase_started = MPI_Wtime();
  PetscCall(PetscSNPrintf(event, sizeof(event), "Hole_%s", name));
  PetscCall(hole_log_begin(event, &homology->phase_event));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_homology_end_phase(HoleHomology homology)
{
  PetscFunctionBegin;
  PetscCall(hole_log_end(homology->phase_event));
  if (homology->n_phases == HOLE_MAX_PHASES) PetscFunctionReturn(PETSC_SUCCESS); /* phases are for information */
  homology->phase_names[homology->n_phases]     = homology->phase;
  homology->phase_seconds[homology->n_phases++] = MPI_Wtime() - homology->phase_started;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologyGetPhases(HoleHomology homology, int *n, const char *const *names[], const double *seconds[])
{
  PetscFunctionBegin;
  *n       = homology->n_phases;
  *names   = homology->phase_names;
  *seconds = homology->phase_seconds;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The interval that ends when the two components of edge e join: that of the component whose oldest point is `younger`. */
static HoleInterval joined(const HoleEdge *e, HoleIndex younger, double threshold)
{
  HoleInterval interval = {0, e->length, {younger, -1, -1, -1}, {e->i, e->j, -1, -1, -1}};

  if (e->length > threshold || isinf(e->length)) { /* an infinite edge is none */
    interval.death            = INFINITY;
    interval.death_simplex[0] = interval.death_simplex[1] = -1;
  }
  return interval;
}

/* Local: [n] intervals, that of the oldest point last. `oldest` and `components` are room for n numbers each. */
static void list_components(HoleTree tree, double threshold, HoleIndex oldest[], HoleIndex components[],
                            HoleInterval intervals[])
{
  const HoleEdge *edges = HoleTreeGetEdges(tree);
  const HoleIndex n     = HoleTreeGetSize(tree);

  hole_union_find_init(n, components);
  for (HoleIndex i = 0; i < n; ++i) oldest[i] = i;
  for (HoleIndex m = 0; m < n - 1; ++m) {
    HoleIndex a = oldest[hole_union_find_root(components, edges[m].i)];
    HoleIndex b = oldest[hole_union_find_root(components, edges[m].j)];

    hole_union_find_join(components, a, b);
    oldest[hole_union_find_root(components, a)] = PetscMin(a, b);
    intervals[m]                                = joined(&edges[m], PetscMax(a, b), threshold);
  }
  intervals[n - 1] = (HoleInterval){0, INFINITY, {0, -1, -1, -1}, {-1, -1, -1, -1, -1}};
}

PetscErrorCode hole_homology_fill_dim0(HoleHomology homology, HoleDiagram diagram)
{
  HoleTree        tree = HoleFiltrationGetForest(homology->filtration);
  const HoleIndex n    = HoleTreeGetSize(tree);
  MPI_Comm        comm = HoleFiltrationGetComm(homology->filtration);
  HoleInterval   *intervals;
  HoleIndex      *oldest, *components;
  PetscMPIInt     rank;
  PetscErrorCode  filled;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  HoleCallAgreed(comm, PetscMalloc3(n, &intervals, n, &oldest, n, &components));
  list_components(tree, HoleFiltrationGetThreshold(homology->filtration), oldest, components, intervals);
  filled =
      HoleDiagramSetIntervals(diagram, comm, 0, rank ? 0 : n, intervals, 0); /* equal everywhere: one rank speaks */
  PetscCall(PetscFree3(intervals, oldest, components));
  PetscCall(filled);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleHomologySolve(HoleHomology homology, HoleTree *tree, HoleDiagram *diagram)
{
  PetscErrorCode solved;

  PetscFunctionBegin;
  *tree    = NULL;
  *diagram = NULL;
  PetscCall(check_max_dim(homology));
  homology->n_phases = homology->n_work = 0;
  *diagram                              = homology->resumed_diagram;
  homology->resumed_diagram             = NULL;
  if (!*diagram) PetscCall(HoleDiagramCreate(HoleFiltrationGetMaxDim(homology->filtration), diagram));
  PetscCall(HoleDiagramSetCoefficients(*diagram, homology->prime));
  solved = homology->ops->solve(homology, tree, *diagram);
  if (!solved && homology->wants_cycles && HoleDiagramGetMaxDim(*diagram) > 0)
    solved = hole_homology_find_cycles(homology, *diagram);
  homology->resumed = (struct hole_homology_state){0}; /* for one solve */
  if (solved) {
    PetscCall(HoleTreeDestroy(tree));
    PetscCall(HoleDiagramDestroy(diagram));
  }
  PetscCall(solved);
  PetscFunctionReturn(PETSC_SUCCESS);
}

double hole_homology_predict_result(HoleIndex n)
{
  return (double)n * (double)(2 * sizeof(HoleEdge) + 3 * sizeof(HoleInterval) + 2 * sizeof(HoleIndex));
}

PetscBool hole_homology_reads_bounds(HoleHomology h)
{
  return (PetscBool)(h->ops->reads_bounds && h->ops->reads_bounds(h, HoleFiltrationGetMaxDim(h->filtration)));
}

double HoleHomologyPredictBytes(HoleHomology homology, HoleIndex n, PetscMPIInt size)
{
  return homology->ops->predict(homology, n, HoleFiltrationGetMaxDim(homology->filtration), size);
}

PetscErrorCode HoleHomologyDestroy(HoleHomology *homology)
{
  PetscFunctionBegin;
  if (*homology) PetscCall(HoleDiagramDestroy(&(*homology)->resumed_diagram));
  PetscCall(PetscFree(*homology));
  PetscFunctionReturn(PETSC_SUCCESS);
}
