/* With steps h, bounds L <= measure <= H = (L + s + s') (1 + 2^-20), s and s' the slacks, and c = floor(L r), r = (1 - 2^-21) / h rounded:
   c h <= L, whatever the roundings are; and L / h < c + 1 + 2^-20 L / h, where L / h <= 2^16, so H / h < c + 1.2 + (1 + 2^-20) (s + s') / h, which
   the slacks of codes account for, 0.65 each. */
#include "codes.h"

#include "../core/simd.h"

#define LEAST_TOP 0x1p-100 /* of points that all coincide */

typedef int16_t hole_codes16 __attribute__((vector_size(32), aligned(2), may_alias));

PetscErrorCode hole_codes_create(double top, HoleIndex n, const float slack[], struct hole_codes *codes)
{
  double most = 0;

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) most = PetscMax(most, (double)slack[i]);
  /* The measure `top` itself is not yet beyond. With large slacks larger steps tell as much. */
  codes->step    = PetscMax(PetscMax(top, LEAST_TOP) / (HOLE_MOST_CODE - 1), 2 * most / HOLE_MOST_CODE_SLACK);
  codes->inverse = (float)((1 - 0x1p-21) / codes->step);
  PetscCall(PetscCalloc1(HOLE_ROW_STRIDE(n), &codes->slack));
  for (HoleIndex i = 0; i < n; ++i)
    codes->slack[i] = (int16_t)ceil((double)slack[i] / codes->step * (1 + 0x1p-10) + 0.65);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode hole_codes_destroy(struct hole_codes *codes)
{
  PetscFunctionBegin;
  PetscCall(PetscFree(codes->slack));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int16_t encode(float low, float inverse)
{
  const float code = low * inverse;

  return (int16_t)((code > 0 ? code < HOLE_MOST_CODE ? (int)code : HOLE_MOST_CODE : 0) - HOLE_CODE_SHIFT);
}

HOLE_CLONES
void hole_codes_encode(const struct hole_codes *codes, HoleIndex n, const float low[], int16_t row[])
{
  const hole_f16 most = HOLE_MOST_CODE - (hole_f16){0};
  HoleIndex      j    = 0;

  for (; j + HOLE_FLOAT_LANES <= n; j += HOLE_FLOAT_LANES) {
    hole_f16 code = *(const hole_f16 *)(low + j) * codes->inverse;
    hole_m16 less = (hole_m16)(code - most) >> 31;

    code = (hole_f16)(((hole_m16)code & less) | ((hole_m16)most & ~less));
    code = (hole_f16)((hole_m16)code & ~((hole_m16)code >> 31)); /* nothing below 0 */
    *(hole_codes16 *)(row + j) =
        __builtin_convertvector(__builtin_convertvector(code, hole_m16) - HOLE_CODE_SHIFT, hole_codes16);
  }
  for (; j < n; ++j) row[j] = encode(low[j], codes->inverse);
}
