/* One line a layer, as it is done, under a head that names the columns. */
#include "summary.h"

#include "memory.h"

#include <math.h>
#include <stdio.h>

enum { METRIC_WIDTH = 19 /* that of the longest name, density_mahalanobis */ };

PetscErrorCode summary_print_head(MPI_Comm comm, const char input[], HoleSource source, PetscBool columns)
{
  HoleIndex   n_file, n_kept, n_points, n_classes;
  PetscMPIInt rank, size;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCallMPI(MPI_Comm_size(comm, &size));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleSourceGetSamples(source, &n_file, &n_kept));
  PetscCall(HoleSourceGetLayerShape(source, 0, &n_points, NULL));
  PetscCall(HoleSourceGetClasses(source, &n_classes, NULL));
  printf("%s: %" HoleIndex_FMT " samples", input, n_file);
  if (n_kept < n_file) printf(" (%" HoleIndex_FMT " kept)", n_kept);
  if (n_points != n_kept) printf(", %" HoleIndex_FMT " points", n_points);
  printf(", %" HoleIndex_FMT " layer%s", HoleSourceGetLayerCount(source),
         HoleSourceGetLayerCount(source) > 1 ? "s" : "");
  if (n_classes) printf(", %" HoleIndex_FMT " classes", n_classes);
  printf(", %d rank%s\n\n", size, size > 1 ? "s" : "");
  fflush(stdout);
  if (!columns) PetscFunctionReturn(PETSC_SUCCESS);
  printf("%-16s %-*s %7s %6s %10s %7s %7s %20s %9s %7s %7s %8s\n", "layer", METRIC_WIDTH, "metric", "N", "d",
         "threshold", "H0", "H1", "longest H1", "clusters", "purity", "homog.", "time");
  printf("%-16s %-*s %7s %6s %10s %7s %7s %20s %9s %7s %7s %8s\n", "", METRIC_WIDTH, "", "", "", "", "", "",
         "birth - death", "at t*", "at t*", "at t*", "s");
  fflush(stdout);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Intervals of a dimension, "-" where it was not computed. */
static PetscErrorCode print_count(HoleDiagram diagram, PetscInt dim, size_t length, char text[])
{
  HoleIndex n;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(text, "-", length));
  if (dim > HoleDiagramGetMaxDim(diagram)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleDiagramGetIntervals(diagram, dim, &n, NULL, NULL));
  PetscCall(PetscSNPrintf(text, length, "%" HoleIndex_FMT, n));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The longest loop; intervals that do not end are longer than any that does. */
static PetscErrorCode print_longest(HoleDiagram diagram, size_t length, char text[])
{
  const HoleInterval *intervals, *longest = NULL;
  HoleIndex           n;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(text, "-", length));
  if (HoleDiagramGetMaxDim(diagram) < 1) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleDiagramGetIntervals(diagram, 1, &n, &intervals, NULL));
  for (HoleIndex i = 0; i < n; ++i) {
    if (!longest || intervals[i].death - intervals[i].birth > longest->death - longest->birth) longest = &intervals[i];
  }
  if (longest) snprintf(text, length, "%.4g - %.4g", longest->birth, longest->death);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode summary_print_layer(MPI_Comm comm, const char layer[], const char metric[], HoleIndex width,
                                   HoleFiltration filtration, HoleDiagram diagram, const HoleCurves *curves,
                                   const HoleStages *stages, double seconds)
{
  char        h0[32], h1[32], longest[64], clusters[32] = "-", purity[16] = "-", homogeneity[16] = "-";
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(print_count(diagram, 0, sizeof(h0), h0));
  PetscCall(print_count(diagram, 1, sizeof(h1), h1));
  PetscCall(print_longest(diagram, sizeof(longest), longest));
  if (curves->best >= 0)
    PetscCall(PetscSNPrintf(clusters, sizeof(clusters), "%" PRId64, curves->n_clusters[curves->best]));
  if (curves->best >= 0 && curves->purity) {
    snprintf(purity, sizeof(purity), "%.3f", curves->purity[curves->best]);
    snprintf(homogeneity, sizeof(homogeneity), "%.3f", curves->homogeneity[curves->best]);
  }
  printf("%-16s %-*s %7" HoleIndex_FMT " %6" HoleIndex_FMT " %10.5g %7s %7s %20s %9s %7s %7s %8.2f\n", layer,
         METRIC_WIDTH, metric, stages->n_points, width, HoleFiltrationGetThreshold(filtration), h0, h1, longest,
         clusters, purity, homogeneity, seconds);
  if (stages->note[0]) printf("%-16s %s\n", "", stages->note);
  fflush(stdout);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode summary_print_foot(MPI_Comm comm, const char output[], double seconds, HoleIndex peak_bytes)
{
  PetscMPIInt rank;
  char        memory[32];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(app_memory_print((double)peak_bytes, sizeof(memory), memory));
  printf("\n%.2f s, at most %s a rank; written to %s\n", seconds, memory, output);
  PetscFunctionReturn(PETSC_SUCCESS);
}
