/* Features of two conditions side by side. */
#include <hole/hole_robustness.h>
#include <math.h>
#include <string.h>

/* Of the lengths of finite intervals. */
struct features {
  double count, mean, std, max, total, entropy;
};

static PetscBool is_finite_interval(const double ends[2])
{
  return (PetscBool)(ends[1] < HUGE_VAL && ends[1] > ends[0]);
}

static struct features find_features(HoleIndex n, const double ends[])
{
  struct features f       = {0};
  double          squares = 0;

  for (HoleIndex i = 0; i < n; ++i) {
    double length = ends[2 * i + 1] - ends[2 * i];

    if (!is_finite_interval(&ends[2 * i])) continue;
    f.count += 1;
    f.total += length;
    f.max = PetscMax(f.max, length);
  }
  if (f.count > 0) f.mean = f.total / f.count;
  for (HoleIndex i = 0; i < n; ++i) {
    double length = ends[2 * i + 1] - ends[2 * i], share = length / f.total;

    if (!is_finite_interval(&ends[2 * i])) continue;
    squares += (length - f.mean) * (length - f.mean);
    f.entropy -= share > 0 ? share * log(share) : 0;
  }
  if (f.count > 0) f.std = sqrt(squares / f.count);
  f.entropy = PetscMax(0.0, f.entropy);
  return f;
}

static double relative_change(double value, double other)
{
  if (value == other) return 0;
  return value == 0 ? HUGE_VAL : fabs(other - value) / fabs(value);
}

PetscErrorCode HoleRobustnessCreate(HoleRobustness **table)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(table));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_row(HoleRobustness *t, HoleIndex layer, PetscInt dim, const char feature[], double value,
                              double other, double change)
{
  HoleRobustnessRow row = {(int32_t)layer, (int32_t)dim, {0}, value, other, change};

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(row.feature, feature, sizeof(row.feature)));
  PetscCall(PetscRealloc(sizeof(row) * (size_t)(t->n + 1), &t->rows));
  t->rows[t->n++] = row;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleRobustnessAddFeature(HoleRobustness *t, HoleIndex layer, PetscInt dim, const char feature[],
                                        double value, double other)
{
  PetscFunctionBegin;
  if (isnan(value) || isnan(other)) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(add_row(t, layer, dim, feature, value, other, relative_change(value, other)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleRobustnessAddDiagrams(HoleRobustness *t, HoleIndex layer, PetscInt dim, HoleIndex n,
                                         const double ends[], HoleIndex n_other, const double other[])
{
  const struct features f = find_features(n, ends), g = find_features(n_other, other);

  PetscFunctionBegin;
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "count", f.count, g.count));
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "mean", f.mean, g.mean));
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "std", f.std, g.std));
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "max", f.max, g.max));
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "total", f.total, g.total));
  PetscCall(HoleRobustnessAddFeature(t, layer, dim, "entropy", f.entropy, g.entropy));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleRobustnessAddOverall(HoleRobustness *t, HoleIndex layer)
{
  double    sum = 0;
  HoleIndex n   = 0;

  PetscFunctionBegin;
  for (HoleIndex r = 0; r < t->n; ++r) {
    const HoleRobustnessRow *row = &t->rows[r];

    if (!strcmp(row->feature, "overall") || (layer >= 0 && row->layer != layer)) continue;
    if (!(row->relative_change < HUGE_VAL)) continue;
    sum += row->relative_change;
    ++n;
  }
  if (n) sum /= (double)n;
  PetscCall(add_row(t, layer, -1, "overall", 1.0 / (1.0 + sum), NAN, sum));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleRobustnessDestroy(HoleRobustness **table)
{
  PetscFunctionBegin;
  if (!*table) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree((*table)->rows));
  PetscCall(PetscFree(*table));
  PetscFunctionReturn(PETSC_SUCCESS);
}
