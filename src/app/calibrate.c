/* The code that a run spends its time in, on a few random points: bounds of a tile, lengths of a tile, a stream from memory.

   Each is repeated, and the fastest repetition counts, in time of the processor: what else the machine does at the time of planning is
   not what it will do at the time of the run. Two widths give what a pair costs by itself and what a unit of it costs. */
#include "calibrate.h"

#include "../core/random.h"
#include "../core/threads.h"
#include "../distances/tiles.h"

#include <hole/hole_error.h>
#include <time.h>

enum { ROWS = 512, COLUMNS = 2048, LENGTH_SIDE = 32, LEAST_WIDTH = 16, MOST_WIDTH = 512, REPEATS = 6 };
enum { STREAM_DOUBLES = 4 * 1024 * 1024 };

/* Seconds that this thread has computed. */
static double processor_time(void)
{
  struct timespec now;

  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Random points, and tiles of them. */
struct sample {
  HoleActivations acts;
  HoleDistances   d;
  hole_tiles      tiles;
  float          *low;     /* [ROWS, COLUMNS] */
  double         *lengths; /* [LENGTH_SIDE, LENGTH_SIDE] */
};

static PetscErrorCode create_sample(HoleMetric metric, HoleIndex width, struct sample *s)
{
  struct hole_block block = {.owner = 0, .count = COLUMNS};
  double           *rows;

  PetscFunctionBegin;
  PetscCall(HoleActivationsCreate(PETSC_COMM_SELF, "sample", COLUMNS, width, &s->acts));
  PetscCall(HoleActivationsGetRows(s->acts, &rows));
  for (HoleIndex v = 0; v < COLUMNS * width; ++v) rows[v] = hole_random_uniform(0, (uint64_t)v);
  PetscCall(HoleDistancesCreate(s->acts, metric, &s->d));
  PetscCall(hole_tiles_create(s->d, 0, &s->tiles));
  block.rows = s->d->points;
  PetscCall(hole_tiles_set_block(s->tiles, &block));
  PetscCall(PetscMalloc1(ROWS * COLUMNS, &s->low));
  PetscCall(PetscMalloc1(LENGTH_SIDE * LENGTH_SIDE, &s->lengths));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode destroy_sample(struct sample *s)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(s->low));
  PetscCall(PetscFree(s->lengths));
  PetscCall(hole_tiles_destroy(&s->tiles));
  PetscCall(HoleDistancesDestroy(&s->d));
  PetscCall(HoleActivationsDestroy(&s->acts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Seconds a pair: bounds of one tile. Where nothing is multiplied a few rows suffice. */
static double time_tile(struct sample *s)
{
  const HoleIndex  n_i  = s->d->metric->bound == HOLE_BOUND_NONE ? ROWS / 8 : ROWS;
  struct hole_tile tile = {.n_i = n_i, .n_j = COLUMNS, .stride = COLUMNS, .low = s->low};
  double           best = PETSC_MAX_REAL;

  for (int r = 0; r < REPEATS; ++r) {
    const double started = processor_time();

    hole_tiles_fill(s->tiles, &tile);
    best = PetscMin(best, processor_time() - started);
  }
  return best / (double)(n_i * COLUMNS);
}

/* Seconds a pair: lengths of a strip of small tiles. */
static double time_lengths(struct sample *s)
{
  const HoleIndex stride = s->d->point_stride;
  double          best   = PETSC_MAX_REAL;

  for (int r = 0; r < REPEATS; ++r) {
    const double started = processor_time();

    for (HoleIndex j = 0; j < COLUMNS; j += LENGTH_SIDE)
      hole_distances_tile(s->d, 0, LENGTH_SIDE, s->d->points, j, LENGTH_SIDE, s->d->points + j * stride, s->lengths,
                          LENGTH_SIDE);
    best = PetscMin(best, processor_time() - started);
  }
  return best / (LENGTH_SIDE * COLUMNS);
}

static struct pair_rate line_through(double width_a, double a, double width_b, double b)
{
  const double unit = PetscMax(0, (b - a) / (width_b - width_a));

  return (struct pair_rate){PetscMax(0, a - unit * width_a), unit};
}

/* The narrowest and the widest layer, within what is worth measuring. */
static void choose_widths(const struct app_run *run, HoleIndex widths[2])
{
  HoleIndex width;

  widths[0] = MOST_WIDTH;
  widths[1] = 0;
  for (HoleIndex l = 0; l < run->n_layers; ++l) {
    (void)HoleSourceGetLayerShape(run->source, l, NULL, &width);
    widths[0] = PetscMin(widths[0], width);
    widths[1] = PetscMax(widths[1], width);
  }
  widths[0] = PetscMax(LEAST_WIDTH, PetscMin(widths[0], MOST_WIDTH / 2));
  widths[1] = PetscMax(2 * widths[0], PetscMin(widths[1], MOST_WIDTH));
}

/* A metric that transforms its rows does so once; then it is the Euclidean one. */
static PetscErrorCode measure_metric(HoleMetric metric, const HoleIndex widths[2], struct pair_rate *tile,
                                     struct pair_rate *length)
{
  HoleMetric base = HoleMetricGetBase(metric);
  double     tiles[2], lengths[2];

  PetscFunctionBegin;
  if (base->transform) base = &hole_metric_euclidean;
  for (int w = 0; w < 2; ++w) {
    struct sample  s = {0};
    PetscErrorCode made;

    made = create_sample(base, widths[w], &s);
    if (!made) {
      tiles[w]   = time_tile(&s);
      lengths[w] = time_lengths(&s);
    }
    PetscCall(destroy_sample(&s));
    PetscCall(made);
  }
  *tile   = line_through((double)widths[0], tiles[0], (double)widths[1], tiles[1]);
  *length = line_through((double)widths[0], lengths[0], (double)widths[1], lengths[1]);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Sum of an array that no cache holds. */
HOLE_CLONES
static double sum_stream(const double values[])
{
  hole_v8 sum = {0};

  for (HoleIndex v = 0; v < STREAM_DOUBLES; v += HOLE_LANES) sum += *(const hole_v8 *)(values + v);
  return hole_metric_sum((const double *)&sum);
}

static PetscErrorCode measure_stream(double *byte)
{
  double         *values, best = PETSC_MAX_REAL;
  volatile double sum;

  PetscFunctionBegin;
  PetscCall(PetscMalloc1(STREAM_DOUBLES, &values));
  for (HoleIndex v = 0; v < STREAM_DOUBLES; ++v) values[v] = (double)v;
  for (int r = 0; r < REPEATS; ++r) {
    const double started = processor_time();

    sum  = sum_stream(values);
    best = PetscMin(best, processor_time() - started);
  }
  (void)sum;
  PetscCall(PetscFree(values));
  *byte = best / (STREAM_DOUBLES * sizeof(double));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode measure_metrics(const struct app_run *run, struct rates *rates)
{
  HoleIndex widths[2];

  PetscFunctionBegin;
  choose_widths(run, widths);
  for (int m = 0; m < run->n_metrics; ++m) {
    int known = 0;

    while (!app_run_one_base(run, known, m)) ++known;
    if (known < m) {
      rates->tile[m]   = rates->tile[known];
      rates->length[m] = rates->length[known];
    } else PetscCall(measure_metric(run->metrics[m], widths, &rates->tile[m], &rates->length[m]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode calibrate(const struct app_run *run, struct rates *rates)
{
  const int      blas_threads = hole_blas_threads(1); /* as a pass does */
  PetscErrorCode measured;

  PetscFunctionBegin;
  *rates   = (struct rates){0};
  measured = measure_stream(&rates->byte);
  if (!measured && !run->precomputed) measured = measure_metrics(run, rates);
  hole_blas_threads(blas_threads);
  PetscCall(measured);
  PetscFunctionReturn(PETSC_SUCCESS);
}
