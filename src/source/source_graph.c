/* A layer given as a sparse matrix of distances in CSR form.

   Every rank takes an even share of the entries, whatever their rows, and sends each to the owner of its smaller point, where
   the two entries of a pair meet: they are sorted, checked and become one edge. Most meet before, as rows come one after the other: of two
   equal entries on one rank only that above the diagonal is kept. Then there is nothing to sort where columns ascend. */
#include "../activations/source_impl.h"
#include "../core/block.h"
#include "../core/cast.h"
#include "../core/fault.h"
#include "../core/sort.h"
#include "noise.h"
#include "source_edges.h"
#include <hole/hole_error.h>
#include <hole/hole_graph.h>

#define PIECE ((HoleIndex)1 << 16) /* entries that are read at once */

enum fault_kind { FAULT_INDEX, FAULT_VALUE, FAULT_DIAGONAL, FAULT_TWICE, FAULT_SYMMETRY };

/* An entry of the matrix: row i, column j. Its length has a minus sign, -0 too, if it stands for the one below the diagonal as well. */
typedef struct hole_edge_key entry; /* i is its row, which may be beyond j */

struct load {
  HoleSource                 source;
  const struct source_layer *layer;
  PetscMPIInt                rank, size;
  HoleIndex                  n_pointers;
  int64_t                   *pointers; /* [n_pointers] the whole of indptr */
  char                      *indices_path, *data_path;
  hole_rows                  indices_rows, data_rows;
  double                    *indices, *data; /* [PIECE] or fewer; every index in range is exact as a double */
  HoleIndex                  n_entries;      /* that are kept */
  entry                     *entries;        /* our share, then those of our points */
  HoleIndex                 *next;           /* [n_kept] of a row: its first entry that no later row has passed */
  entry                     *sent;           /* the share, by owner */
  HoleIndex                  bad_place;      /* of the first fault; INT64_MAX if there is none */
  enum fault_kind            bad_kind;
  HoleIndex                  bad_row, bad_col; /* in the file */
  double                     bad, other;
};

/* Note a fault if it is the first. */
static void note_fault(struct load *load, HoleIndex place, enum fault_kind kind, HoleIndex row, HoleIndex col,
                       double value, double other)
{
  if (load->bad_place <= place) return;
  load->bad_place = place;
  load->bad_kind  = kind;
  load->bad_row   = row;
  load->bad_col   = col;
  load->bad       = value;
  load->other     = other;
}

/* Local: say what is wrong, in the words of the file. */
static PetscErrorCode report_fault(const struct load *load)
{
  const char *const path = load->source->path, *const dataset = load->layer->dataset;
  char where[160], value[32], other[32];

  PetscFunctionBegin;
  hole_noise_print(load->bad, sizeof(value), value);
  hole_noise_print(load->other, sizeof(other), other);
  PetscCall(PetscSNPrintf(where, sizeof(where), "row %" HoleIndex_FMT ", column %" HoleIndex_FMT, load->bad_row,
                          load->bad_col));
  PetscCheck(load->bad_kind != FAULT_INDEX, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s/indices, entry %" HoleIndex_FMT " (row %" HoleIndex_FMT
             ") is %s, expected a column from 0 to %" HoleIndex_FMT,
             path, dataset, load->bad_place, load->bad_row, value, load->layer->shape.dims[1] - 1);
  PetscCheck(load->bad_kind != FAULT_VALUE, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s/data, %s is %s, expected finite distances of 0 or more", path, dataset, where,
             value);
  PetscCheck(load->bad_kind != FAULT_DIAGONAL, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s/data, %s is %s, expected 0 on the diagonal", path, dataset, where, value);
  PetscCheck(load->bad_kind != FAULT_TWICE, PETSC_COMM_SELF, HOLE_ERR_INPUT,
             "Input %s: dataset %s/indices, %s occurs twice (%s and %s), expected one entry", path, dataset, where,
             value, other);
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_INPUT,
          "Input %s: dataset %s/data, %s is %s, but row %" HoleIndex_FMT ", column %" HoleIndex_FMT
          " is %s; expected a symmetric matrix, or one triangle",
          path, dataset, where, value, load->bad_col, load->bad_row, other);
}

/* Collective: of all ranks the one with the first fault speaks. A place is looked at by one rank. */
static PetscErrorCode check_faults(const struct load *load)
{
  HoleIndex first;

  PetscFunctionBegin;
  PetscCallMPI(MPI_Allreduce(&load->bad_place, &first, 1, HOLE_MPI_INDEX, MPI_MIN, load->source->comm));
  if (first == INT64_MAX) PetscFunctionReturn(PETSC_SUCCESS); /* equal on all ranks */
  HoleCallAgreed(load->source->comm, load->bad_place == first ? report_fault(load) : PETSC_SUCCESS);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local and equal on all ranks: indptr ascends from 0 to the number of entries. */
static PetscErrorCode check_pointers(const struct load *load)
{
  const int64_t  *p    = load->pointers;
  const HoleIndex n    = load->n_pointers - 1;
  MPI_Comm        comm = load->source->comm;

  PetscFunctionBegin;
  PetscCheck(p[0] == 0, comm, HOLE_ERR_INPUT, "Input %s: dataset %s/indptr, row 0 is %" PRId64 ", expected 0",
             load->source->path, load->layer->dataset, p[0]);
  for (HoleIndex i = 0; i < n; ++i)
    PetscCheck(p[i] <= p[i + 1], comm, HOLE_ERR_INPUT,
               "Input %s: dataset %s/indptr, row %" HoleIndex_FMT " is %" PRId64 ", less than the %" PRId64
               " before it; expected ascending numbers",
               load->source->path, load->layer->dataset, i + 1, p[i + 1], p[i]);
  PetscCheck(p[n] == load->layer->n_entries, comm, HOLE_ERR_INPUT,
             "Input %s: dataset %s/indptr, row %" HoleIndex_FMT " (the last) is %" PRId64 ", expected %" HoleIndex_FMT
             ", the number of entries",
             load->source->path, load->layer->dataset, n, p[n], load->layer->n_entries);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode plan_load(struct load *load)
{
  const HoleIndex share = hole_block_count(load->layer->n_entries, load->size, load->rank);
  size_t          room  = strlen(load->layer->dataset) + 16;

  PetscFunctionBegin;
  PetscCall(hole_fault(load->source->comm, "source_read"));
  PetscCall(PetscMalloc1(room, &load->indices_path));
  PetscCall(PetscMalloc1(room, &load->data_path));
  PetscCall(PetscSNPrintf(load->indices_path, room, "%s/indices", load->layer->dataset));
  PetscCall(PetscSNPrintf(load->data_path, room, "%s/data", load->layer->dataset));
  PetscCall(PetscMalloc1(PetscMin(share, PIECE), &load->indices));
  PetscCall(PetscMalloc1(PetscMin(share, PIECE), &load->data));
  PetscCall(PetscMalloc1(share, &load->entries)); /* at most: what is not written takes no memory */
  PetscCall(PetscCalloc1(load->source->n_kept, &load->next));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The row of entry `e`: the last one that begins at it or before. */
static HoleIndex row_of_entry(const struct load *load, HoleIndex e)
{
  HoleIndex low = 0, high = load->n_pointers - 1, middle;

  while (high - low > 1) {
    middle = low + (high - low) / 2;
    if (load->pointers[middle] <= e) low = middle;
    else high = middle;
  }
  return low;
}

/* Number of the point that is row `row` of the file; -1 if it is not kept. */
static HoleIndex point_of_row(HoleSource source, HoleIndex row)
{
  HoleIndex low = 0, high = source->n_kept, middle;

  if (!source->kept) return row;
  while (low < high) {
    middle = low + (high - low) / 2;
    if (source->kept[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low < source->n_kept && source->kept[low] == row ? low : -1;
}

/* Is there an equal entry above the diagonal for this one below it? Then it stands for both. Whatever is not so simple, as columns in no
   order are, or values that differ, is left to join_pairs(). */
static PetscBool is_met(struct load *load, const entry *below)
{
  const uint32_t row = below->j, column = below->i; /* of the other */
  HoleIndex      at = load->next[row];
  PetscBool      met;

  while (at < load->n_entries && load->entries[at].i == row && load->entries[at].j < column) ++at;
  met = (PetscBool)(at < load->n_entries && load->entries[at].i == row && load->entries[at].j == column &&
                    !signbit(load->entries[at].length) && hole_noise_equal(load->entries[at].length, below->length));
  if (met) load->entries[at].length = -load->entries[at].length;
  load->next[row] = at + met;
  return met;
}

static void keep_entry(struct load *load, entry e)
{
  if (e.j < e.i && is_met(load, &e)) return;
  if (!load->n_entries || load->entries[load->n_entries - 1].i != e.i) load->next[e.i] = load->n_entries;
  load->entries[load->n_entries++] = e;
}

/* Local: entry `e` of the file, which lies in row `row`. */
static void take_entry(struct load *load, HoleIndex e, HoleIndex row, double index, double value)
{
  HoleIndex col, i, j;

  if (!(index >= 0 && index < (double)load->layer->shape.dims[1])) {
    note_fault(load, e, FAULT_INDEX, row, 0, index, 0);
    return;
  }
  col = (HoleIndex)index;
  i   = point_of_row(load->source, row);
  j   = point_of_row(load->source, col);
  if (i < 0 || j < 0) return;
  if (!hole_noise_admits(value, PETSC_FALSE)) note_fault(load, e, FAULT_VALUE, row, col, value, 0);
  else if (i == j && !hole_noise_admits(value, PETSC_TRUE)) note_fault(load, e, FAULT_DIAGONAL, row, col, value, 0);
  else if (i != j) keep_entry(load, (entry){hole_noise_strip(value, PETSC_FALSE), (uint32_t)i, (uint32_t)j});
}

/* Local: entries [first, first + n) of the file. */
static void take_piece(struct load *load, HoleIndex first, HoleIndex n)
{
  HoleIndex row = n ? row_of_entry(load, first) : 0;

  for (HoleIndex e = 0; e < n; ++e) {
    while (load->pointers[row + 1] <= first + e) ++row;
    take_entry(load, first + e, row, load->indices[e], load->data[e]);
  }
}

/* Collective: the share of the first rank is the largest. */
static PetscErrorCode read_entries(struct load *load)
{
  const HoleIndex n = load->layer->n_entries, most = hole_block_count(n, load->size, 0);
  const HoleIndex first = hole_block_first(n, load->size, load->rank);
  const HoleIndex share = hole_block_count(n, load->size, load->rank);

  PetscFunctionBegin;
  load->bad_place = INT64_MAX;
  for (HoleIndex done = 0; done < most; done += PIECE) {
    const HoleIndex begin = PetscMin(done, share), count = PetscMin(PIECE, share - begin);

    PetscCall(hole_rows_read(load->indices_rows, first + begin, count, load->indices));
    PetscCall(hole_rows_read(load->data_rows, first + begin, count, load->data));
    take_piece(load, first + begin, count);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscMPIInt owner_of_entry(const struct load *load, const entry *e)
{
  return hole_block_owner(load->source->n_kept, load->size, PetscMin(e->i, e->j));
}

/* Where the parts of the ranks begin, as MPI wants it; the sum is returned. */
static PetscErrorCode add_counts(PetscMPIInt size, const HoleIndex counts[], PetscMPIInt n[], PetscMPIInt begin[],
                                 HoleIndex *sum)
{
  PetscFunctionBegin;
  *sum = 0;
  for (PetscMPIInt r = 0; r < size; ++r) {
    PetscCall(hole_mpi_int(counts[r], &n[r]));
    PetscCall(hole_mpi_int(*sum, &begin[r]));
    *sum += counts[r];
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What goes to and comes from each rank. */
struct exchange {
  HoleIndex   *up, *in;
  PetscMPIInt *n_up, *begin_up, *n_in, *begin_in;
  HoleIndex    received;
};

/* Local: count what goes to each rank. */
static PetscErrorCode count_up(struct load *load, struct exchange *x)
{
  const size_t size = (size_t)load->size;

  PetscFunctionBegin;
  PetscCall(PetscCalloc2(size, &x->up, size, &x->in));
  PetscCall(PetscMalloc4(size, &x->n_up, size, &x->begin_up, size, &x->n_in, size, &x->begin_in));
  for (HoleIndex e = 0; e < load->n_entries; ++e) x->up[owner_of_entry(load, &load->entries[e])] += 1;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: put our share in the order of its owners, and make room for what comes. */
static PetscErrorCode prepare_exchange(struct load *load, struct exchange *x)
{
  HoleIndex sum;

  PetscFunctionBegin;
  PetscCall(add_counts(load->size, x->up, x->n_up, x->begin_up, &sum));
  PetscCall(add_counts(load->size, x->in, x->n_in, x->begin_in, &x->received));
  PetscCall(PetscMalloc1(sum, &load->sent));
  for (PetscMPIInt r = 0; r < load->size; ++r) x->up[r] = x->begin_up[r];
  for (HoleIndex e = 0; e < load->n_entries; ++e)
    load->sent[x->up[owner_of_entry(load, &load->entries[e])]++] = load->entries[e];
  PetscCall(PetscFree(load->entries));
  PetscCall(PetscMalloc1(x->received, &load->entries));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective. */
static PetscErrorCode exchange_entries(struct load *load, struct exchange *x)
{
  MPI_Comm     comm = load->source->comm;
  MPI_Datatype type;

  PetscFunctionBegin;
  HoleCallAgreed(comm, count_up(load, x)); /* local */
  PetscCallMPI(MPI_Alltoall(x->up, 1, HOLE_MPI_INDEX, x->in, 1, HOLE_MPI_INDEX, comm));
  HoleCallAgreed(comm, prepare_exchange(load, x)); /* local */
  PetscCallMPI(MPI_Type_contiguous((int)sizeof(entry), MPI_BYTE, &type));
  PetscCallMPI(MPI_Type_commit(&type));
  PetscCallMPI(MPI_Alltoallv(load->sent, x->n_up, x->begin_up, type, load->entries, x->n_in, x->begin_in, type, comm));
  PetscCallMPI(MPI_Type_free(&type));
  load->n_entries = x->received;
  PetscCall(PetscFree(load->sent));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: where the shares of several ranks have come together, rows still come one after the other, and the rest may meet. */
static void keep_received(struct load *load)
{
  const HoleIndex n = load->n_entries;

  load->n_entries = 0;
  for (HoleIndex e = 0; e < n; ++e) keep_entry(load, load->entries[e]); /* at its place or before it */
}

/* Collective: afterwards a rank has all entries of the pairs whose smaller point it owns. */
static PetscErrorCode send_to_owners(struct load *load)
{
  struct exchange x = {0};
  PetscErrorCode  sent;

  PetscFunctionBegin;
  if (load->size == 1) PetscFunctionReturn(PETSC_SUCCESS);
  sent = exchange_entries(load, &x);
  PetscCall(PetscFree2(x.up, x.in));
  PetscCall(PetscFree4(x.n_up, x.begin_up, x.n_in, x.begin_in));
  PetscCall(sent);
  keep_received(load);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The ends of the pair that an entry belongs to. */
static inline HoleIndex smaller_end(const entry *e) { return PetscMin(e->i, e->j); }
static inline HoleIndex larger_end(const entry *e) { return PetscMax(e->i, e->j); }

/* By one end, of n; those that share it stay in their order. `starts` [n] is all 0 before and afterwards. */
static inline void spread(HoleIndex n, HoleIndex n_entries, const entry from[], HoleIndex (*end_of)(const entry *),
                          HoleIndex starts[], entry to[])
{
  HoleIndex below = 0;

  for (HoleIndex k = 0; k < n_entries; ++k) ++starts[end_of(&from[k])];
  for (HoleIndex i = 0; i < n; ++i) {
    const HoleIndex count = starts[i];

    starts[i] = below;
    below += count;
  }
  for (HoleIndex k = 0; k < n_entries; ++k) to[starts[end_of(&from[k])]++] = from[k];
  for (HoleIndex i = 0; i < n; ++i) starts[i] = 0;
}

static PetscBool are_in_order(HoleIndex n, const entry entries[])
{
  for (HoleIndex k = 1; k < n; ++k) {
    const HoleIndex i = smaller_end(&entries[k - 1]), j = smaller_end(&entries[k]);

    if (i > j || (i == j && larger_end(&entries[k - 1]) > larger_end(&entries[k]))) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

/* Local: by pairs. Entries of a pair stay in the order of the file, so that the one above the diagonal is the first. */
static PetscErrorCode sort_entries(struct load *load)
{
  HoleIndex  n = load->source->n_kept;
  HoleIndex *starts;
  entry     *sorted;

  PetscFunctionBegin;
  if (are_in_order(load->n_entries, load->entries)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscCalloc1(n, &starts));
  PetscCall(PetscMalloc1(load->n_entries, &sorted));
  spread(n, load->n_entries, load->entries, larger_end, starts, sorted);
  spread(n, load->n_entries, sorted, smaller_end, starts, load->entries);
  PetscCall(PetscFree(starts));
  PetscCall(PetscFree(sorted));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: sorted entries, one or two a pair, become edges in their place. */
static void join_pairs(struct load *load)
{
  HoleSource source  = load->source;
  entry     *e       = load->entries;
  HoleIndex  n_edges = 0;

  load->bad_place = INT64_MAX;
  for (HoleIndex k = 0; k < load->n_entries; ++k) {
    const HoleIndex i = smaller_end(&e[k]), j = larger_end(&e[k]);
    const HoleIndex place = i * source->n_kept + j;
    const double    value = fabs(e[k].length);

    for (; k + 1 < load->n_entries && smaller_end(&e[k + 1]) == i && larger_end(&e[k + 1]) == j; ++k) {
      const double other = fabs(e[k + 1].length);

      if (e[k + 1].i == e[k].i || signbit(e[k].length))
        note_fault(load, place, FAULT_TWICE, hole_source_row(source, e[k + 1].i), hole_source_row(source, e[k + 1].j),
                   fabs(e[k].length), other);
      else if (!hole_noise_equal(value, other))
        note_fault(load, place, FAULT_SYMMETRY, hole_source_row(source, i), hole_source_row(source, j), value, other);
    }
    e[n_edges++] = hole_edge_key_of(value, i, j);
  }
  load->n_entries = n_edges;
}

static PetscErrorCode load_edges(struct load *load)
{
  HoleSource source = load->source;
  char       path[PETSC_MAX_PATH_LEN];

  PetscFunctionBegin;
  PetscCallMPI(MPI_Comm_rank(source->comm, &load->rank));
  PetscCallMPI(MPI_Comm_size(source->comm, &load->size));
  PetscCall(PetscSNPrintf(path, sizeof(path), "%s/indptr", load->layer->dataset));
  PetscCall(hole_reader_int64s(source->reader, path, &load->n_pointers, &load->pointers)); /* collective */
  PetscCall(check_pointers(load));                                                         /* equal on all ranks */
  HoleCallAgreed(source->comm, plan_load(load));                                           /* local */
  PetscCall(hole_rows_open(source->reader, load->indices_path, &load->indices_rows));      /* collective */
  PetscCall(hole_rows_open(source->reader, load->data_path, &load->data_rows));            /* collective */
  PetscCall(read_entries(load));                                                           /* collective */
  PetscCall(check_faults(load));                                                           /* collective */
  PetscCall(PetscFree(load->indices));
  PetscCall(PetscFree(load->data));
  PetscCall(send_to_owners(load)); /* collective */
  PetscCall(PetscFree(load->next));
  HoleCallAgreed(source->comm, sort_entries(load)); /* local */
  join_pairs(load);
  PetscCall(check_faults(load)); /* collective */
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local. */
static PetscErrorCode close_rows(struct load *load)
{
  PetscErrorCode indices, data;

  PetscFunctionBegin;
  indices = hole_rows_close(&load->indices_rows);
  data    = hole_rows_close(&load->data_rows);
  PetscCall(indices);
  PetscCall(data);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_source_load_edges(HoleSource source, HoleIndex l, HoleIndex *n_edges, struct hole_edge_key *edges[])
{
  struct load    load = {.source = source};
  PetscErrorCode loaded, closed;

  PetscFunctionBegin;
  *n_edges = 0;
  *edges   = NULL;
  PetscCall(hole_source_check_kind(source, l, HOLE_LAYER_GRAPH));
  load.layer = &source->layers[l];
  loaded     = load_edges(&load);
  closed     = HoleErrorAgree(source->comm, close_rows(&load));
  PetscCall(PetscFree(load.pointers));
  PetscCall(PetscFree(load.indices_path));
  PetscCall(PetscFree(load.data_path));
  PetscCall(PetscFree(load.indices));
  PetscCall(PetscFree(load.data));
  PetscCall(PetscFree(load.next));
  PetscCall(PetscFree(load.sent));
  if (!loaded) loaded = closed;
  if (!loaded) /* half of them went */
    loaded = HoleErrorAgree(source->comm,
                            PetscRealloc((size_t)PetscMax(1, load.n_entries) * sizeof(*load.entries), &load.entries));
  if (loaded) PetscCall(PetscFree(load.entries));
  PetscCall(loaded);
  *n_edges = load.n_entries;
  *edges   = load.entries;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Local: as HoleGraphCreate() wants them, in place of the keys. */
static PetscErrorCode widen(HoleIndex n_edges, struct hole_edge_key *keys[], HoleEdge *edges[])
{
  PetscFunctionBegin;
  PetscCall(PetscMalloc1(n_edges, edges));
  for (HoleIndex e = 0; e < n_edges; ++e) (*edges)[e] = (HoleEdge){(*keys)[e].length, (*keys)[e].i, (*keys)[e].j};
  PetscCall(PetscFree(*keys));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleSourceLoadGraph(HoleSource source, HoleIndex l, Mat *graph)
{
  HoleIndex             n_edges;
  struct hole_edge_key *keys;
  HoleEdge             *edges = NULL;
  PetscErrorCode        created;

  PetscFunctionBegin;
  *graph = NULL;
  PetscCall(hole_source_load_edges(source, l, &n_edges, &keys));
  created = HoleErrorAgree(source->comm, widen(n_edges, &keys, &edges)); /* local */
  PetscCall(PetscFree(keys));
  if (!created) created = HoleGraphCreate(source->comm, source->n_kept, n_edges, edges, graph);
  PetscCall(PetscFree(edges));
  PetscCall(created);
  PetscFunctionReturn(PETSC_SUCCESS);
}
