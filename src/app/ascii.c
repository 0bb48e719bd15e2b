/* The longest intervals as bars of characters, and the clusters of each stage with the cluster they join at the next.

   Everything printed is ASCII: what a name holds beyond that becomes a question mark. Lines are as wide as the terminal, 80 columns
   where there is none. */
#include "ascii.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
  MOST_BARS     = 12, /* of each dimension */
  MOST_CLUSTERS = 8,  /* of each stage */
  NAME_WIDTH    = 20,
  PLAIN_WIDTH   = 80, /* of a line that goes to no terminal */
  LEAST_WIDTH   = 60,
  MOST_WIDTH    = 160,
  LABEL_WIDTH   = 26 /* what stands left of a bar */
};

/* Columns of a line. */
static int line_width(void)
{
  struct winsize window;

  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_col) return PLAIN_WIDTH;
  return PetscMin(PetscMax((int)window.ws_col, LEAST_WIDTH), MOST_WIDTH);
}

/* Copy as ASCII, a question mark for each character beyond it or that a terminal obeys; a name too long ends in a tilde. */
static void copy_plain(const char text[], size_t length, char plain[])
{
  size_t n = 0;

  for (; *text && n + 1 < length; ++text) {
    const unsigned char byte = (unsigned char)*text;

    if ((byte & 0xC0) == 0x80) continue; /* the bytes of a UTF-8 character after its first */
    plain[n++] = byte >= 0x20 && byte < 0x7F ? (char)byte : '?';
  }
  if (*text && n) plain[n - 1] = '~';
  plain[n] = 0;
}

static double length_of(const HoleInterval *interval) { return interval->death - interval->birth; }

/* The longest intervals, longest first, on ties in the order of the diagram; essential ones lead. Returns how many. */
static int find_longest(HoleIndex n, const HoleInterval intervals[], const HoleInterval *longest[MOST_BARS])
{
  int found = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    int place = found;

    while (place > 0 && length_of(&intervals[i]) > length_of(longest[place - 1])) --place;
    if (place == MOST_BARS) continue;
    if (found < MOST_BARS) ++found;
    memmove(&longest[place + 1], &longest[place], (size_t)(found - 1 - place) * sizeof(longest[0]));
    longest[place] = &intervals[i];
  }
  return found;
}

/* Lengths from 0 to `end` on `columns` characters; the last one is for bars without end. */
struct scale {
  double end;
  int    columns;
};

static int column_of(const struct scale *scale, double value)
{
  const int column = scale->end > 0.0 ? (int)floor(value / scale->end * (scale->columns - 2)) : 0;

  return PetscMin(PetscMax(column, 0), scale->columns - 2);
}

/* "=" while the interval lives, "|" where it ends, ">" if it does not. */
static void print_bar(const HoleInterval *interval, const struct scale *scale)
{
  const int essential = isinf(interval->death);
  const int first     = column_of(scale, interval->birth);
  const int last      = essential ? scale->columns - 1 : column_of(scale, interval->death);
  char      death[32], bar[MOST_WIDTH + 1];

  if (essential) snprintf(death, sizeof(death), "inf");
  else snprintf(death, sizeof(death), "%.5g", interval->death);
  memset(bar, ' ', (size_t)last);
  memset(bar + first, '=', (size_t)(last - first));
  bar[last]     = essential ? '>' : '|';
  bar[last + 1] = 0;
  printf("  %10.5g %10s  %s\n", interval->birth, death, bar);
}

/* One scale for all dimensions of a layer, so that bars compare: up to the largest end of a bar that is drawn. */
static PetscErrorCode print_barcode(HoleDiagram diagram, int width)
{
  const HoleInterval *intervals, *longest[HOLE_MAX_DIM + 1][MOST_BARS];
  const PetscInt      max_dim = HoleDiagramGetMaxDim(diagram);
  int                 n_bars[HOLE_MAX_DIM + 1];
  HoleIndex           n[HOLE_MAX_DIM + 1];
  struct scale        scale = {0.0, width - LABEL_WIDTH};

  PetscFunctionBegin;
  for (PetscInt dim = 0; dim <= max_dim; ++dim) {
    PetscCall(HoleDiagramGetIntervals(diagram, dim, &n[dim], &intervals, NULL));
    n_bars[dim] = find_longest(n[dim], intervals, longest[dim]);
    for (int b = 0; b < n_bars[dim]; ++b) {
      const HoleInterval *bar = longest[dim][b];

      scale.end = PetscMax(scale.end, isinf(bar->death) ? bar->birth : bar->death);
    }
  }
  printf("\n  Longest intervals, 0 to %.5g: = lives, | dies, > does not end\n", scale.end);
  for (PetscInt dim = 0; dim <= max_dim; ++dim) {
    printf("  H%" PetscInt_FMT ": %" HoleIndex_FMT " interval%s", dim, n[dim], n[dim] == 1 ? "" : "s");
    if (n_bars[dim] < n[dim]) printf(", %d drawn", n_bars[dim]);
    printf("\n");
    if (n_bars[dim]) printf("  %10s %10s\n", "birth", "death");
    for (int b = 0; b < n_bars[dim]; ++b) print_bar(longest[dim][b], &scale);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Rows of one stage of one layer in a table that is sorted by both: from `first`, `n` of them. */
struct slice {
  HoleIndex first, n;
};

static struct slice find_nodes(HoleIndex n, const HoleFlowNode nodes[], HoleIndex layer, HoleIndex stage)
{
  struct slice slice = {0, 0};

  while (slice.first < n &&
         (nodes[slice.first].layer < layer || (nodes[slice.first].layer == layer && nodes[slice.first].stage < stage)))
    ++slice.first;
  while (slice.first + slice.n < n && nodes[slice.first + slice.n].layer == layer &&
         nodes[slice.first + slice.n].stage == stage)
    ++slice.n;
  return slice;
}

static struct slice find_links(HoleIndex n, const HoleFlowStageLink links[], HoleIndex layer, HoleIndex stage)
{
  struct slice slice = {0, 0};

  while (slice.first < n && (links[slice.first].layer < layer ||
                             (links[slice.first].layer == layer && links[slice.first].source_stage < stage)))
    ++slice.first;
  while (slice.first + slice.n < n && links[slice.first + slice.n].layer == layer &&
         links[slice.first + slice.n].source_stage == stage)
    ++slice.n;
  return slice;
}

/* The largest clusters, on ties that of the smaller number. Returns how many. */
static int find_largest(HoleIndex n, const HoleFlowNode nodes[], const HoleFlowNode *largest[MOST_CLUSTERS])
{
  int found = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    int place = found;

    while (place > 0 && nodes[i].size > largest[place - 1]->size) --place;
    if (place == MOST_CLUSTERS) continue;
    if (found < MOST_CLUSTERS) ++found;
    memmove(&largest[place + 1], &largest[place], (size_t)(found - 1 - place) * sizeof(largest[0]));
    largest[place] = &nodes[i];
  }
  return found;
}

static void name_class(const struct ascii_layer *layer, int32_t class, char name[NAME_WIDTH + 1])
{
  if (class < 0) snprintf(name, NAME_WIDTH + 1, "-");
  else if (layer->class_names) copy_plain(layer->class_names[class], NAME_WIDTH + 1, name);
  else snprintf(name, NAME_WIDTH + 1, "class %" PRId32, class);
}

/* Points that stay in the cluster, of its dominant class, and how many clusters of the stage before it holds; where it goes next. */
static void print_cluster(const struct ascii_layer *layer, const HoleFlowNode *node, HoleIndex n_before,
                          const HoleFlowStageLink before[], HoleIndex n_after, const HoleFlowStageLink after[])
{
  HoleIndex made_of = 0;
  char      name[NAME_WIDTH + 1], share[16] = "-", from[32] = "-", into[32] = "-";

  for (HoleIndex i = 0; i < n_before; ++i) made_of += before[i].target_cluster == node->cluster;
  if (n_before) snprintf(from, sizeof(from), "%" HoleIndex_FMT, made_of);
  for (HoleIndex i = 0; i < n_after; ++i) {
    if (after[i].source_cluster == node->cluster) snprintf(into, sizeof(into), "%" PRId32, after[i].target_cluster);
  }
  name_class(layer, node->dominant_class, name);
  if (node->dominant_class >= 0)
    snprintf(share, sizeof(share), "%.1f %%", 100.0 * (double)node->dominant_count / (double)node->size);
  printf("  %9" PRId32 " %10" PRId64 "  %-*s %8s %9s  %9s\n", node->cluster, node->size, NAME_WIDTH, name, share, from,
         into);
}

static void print_stage(const struct ascii_layer *layer, HoleIndex s, HoleIndex n, const HoleFlowNode nodes[],
                        HoleIndex n_before, const HoleFlowStageLink before[], HoleIndex n_after,
                        const HoleFlowStageLink after[])
{
  const HoleFlowNode *largest[MOST_CLUSTERS];
  const int           n_drawn = find_largest(n, nodes, largest);
  int64_t             others  = 0;

  printf("\n  %s%s: %" PRId64 " cluster%s at %.5g\n", layer->stages->name[s],
         s < layer->stages->n_nested ? "" : " (where layers are linked)", layer->stages->n_clusters[s],
         layer->stages->n_clusters[s] == 1 ? "" : "s", layer->stages->threshold[s]);
  printf("  %9s %10s  %-*s %8s %9s  %9s\n", "cluster", "points", NAME_WIDTH, "mostly", "share", "made of", "joins");
  for (HoleIndex i = 0; i < n; ++i) others += nodes[i].size;
  for (int c = 0; c < n_drawn; ++c) {
    print_cluster(layer, largest[c], n_before, before, n_after, after);
    others -= largest[c]->size;
  }
  if (n > n_drawn)
    printf("  %9s %10" PRId64 "  in %" HoleIndex_FMT " smaller clusters\n", "others", others, n - n_drawn);
}

/* Within a layer clusters only merge, so each joins one of the next stage. A stage added for the flow between layers has no links. */
static PetscErrorCode print_flow(const struct ascii_layer *layer)
{
  const HoleFlowNode      *nodes;
  const HoleFlowStageLink *links;
  struct slice             before = {0, 0};
  HoleIndex                n_nodes, n_links, outliers;

  PetscFunctionBegin;
  PetscCall(HoleFlowGetNodes(layer->flow, &n_nodes, &nodes));
  PetscCall(HoleFlowGetStageLinks(layer->flow, &n_links, &links));
  outliers = HoleFlowGetOutlierCount(layer->flow, layer->l);
  printf("\n  Clusters by size; made of: how many of the stage above; joins: at the next\n");
  if (outliers) printf("  %" HoleIndex_FMT " outlier%s left out\n", outliers, outliers == 1 ? "" : "s");
  for (HoleIndex s = 0; s < layer->stages->n; ++s) {
    const struct slice here  = find_nodes(n_nodes, nodes, layer->l, s);
    const struct slice after = find_links(n_links, links, layer->l, s);

    print_stage(layer, s, here.n, nodes + here.first, before.n, links + before.first, after.n, links + after.first);
    before = after;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode ascii_print_layer(MPI_Comm comm, const struct ascii_layer *layer)
{
  char        name[HOLE_NAME_LENGTH];
  PetscMPIInt rank;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  if (rank) PetscFunctionReturn(PETSC_SUCCESS);
  copy_plain(layer->layer, sizeof(name), name);
  printf("%s, %s\n", name, layer->metric);
  printf("  %" HoleIndex_FMT " point%s of width %" HoleIndex_FMT ", threshold %.5g, %.2f s\n", layer->stages->n_points,
         layer->stages->n_points == 1 ? "" : "s", layer->width, HoleFiltrationGetThreshold(layer->filtration),
         layer->seconds);
  PetscCall(print_barcode(layer->diagram, line_width()));
  PetscCall(print_flow(layer));
  printf("\n");
  fflush(stdout);
  PetscFunctionReturn(PETSC_SUCCESS);
}
