/* The loops of scans.c for one type of values; included once for each. LESS(a, b) has the sign of each lane set where a < b. */

HOLE_CLONES
static void NAME(beyond)(HoleIndex n, const REAL row[], REAL bar, signed char settled[])
{
  const VECTOR bars = bar - (VECTOR){0};
  HoleIndex    m    = 0;

  for (; m + LANES <= n; m += LANES)
    *(BYTES *)(settled + m) = __builtin_convertvector(LESS(bars, *(const VECTOR *)(row + m)) >> SIGN, BYTES);
  for (; m < n; ++m) settled[m] = (signed char)(row[m] > bar);
}

HOLE_CLONES
static void NAME(settle)(HoleIndex n, const REAL ij[], REAL high_ik, const REAL kj[], SLACK slack, const SLACK slacks[],
                         signed char settled[])
{
  const VECTOR highs_ik = high_ik - (VECTOR){0};
  HoleIndex    m        = 0;

  for (; m + LANES <= n; m += LANES) {
    const VECTOR x = *(const VECTOR *)(ij + m), y = HIGH(*(const VECTOR *)(kj + m), slack, slacks + m);

    *(BYTES *)(settled + m) |= __builtin_convertvector((LESS(highs_ik, x) & LESS(y, x)) >> SIGN, BYTES);
  }
  for (; m < n; ++m) settled[m] |= (signed char)((high_ik < ij[m]) & (HIGH_ONE(kj[m], slack, slacks[m]) < ij[m]));
}

/* Lanes whose sign is not set: maybe both are within. */
#define OUTSIDE(m) (LESS(bars, *(const VECTOR *)(a + (m))) | LESS(bars, *(const VECTOR *)(b + (m))))

HOLE_CLONES
static HoleIndex NAME(within)(HoleIndex m, HoleIndex stride, const REAL a[], const REAL b[], REAL bar)
{
  const VECTOR bars = bar - (VECTOR){0};

  for (; m + AT_ONCE * LANES <= stride; m += AT_ONCE * LANES) {
    MASK all = OUTSIDE(m);

    for (int v = 1; v < AT_ONCE; ++v) all &= OUTSIDE(m + v * LANES);
    if (!HOLE_ALL_SIGNS(all, SIGNS)) break;
  }
  for (; m < stride; m += LANES) {
    const MASK outside = OUTSIDE(m);

    if (!HOLE_ALL_SIGNS(outside, SIGNS)) return m;
  }
  return stride;
}

#undef OUTSIDE

HOLE_CLONES
static HoleIndex NAME(between)(HoleIndex m, HoleIndex stride, const REAL a[], const REAL b[], SLACK slack_a,
                               SLACK slack_b, const SLACK slacks[], REAL from, REAL to)
{
  const VECTOR froms = from - (VECTOR){0}, tos = to - (VECTOR){0};

  for (; m < stride; m += LANES) {
    const VECTOR u = *(const VECTOR *)(a + m), v = *(const VECTOR *)(b + m);
    const MASK   before  = LESS(HIGH(u, slack_a, slacks + m), froms) & LESS(HIGH(v, slack_b, slacks + m), froms);
    const MASK   outside = before | LESS(tos, u) | LESS(tos, v);

    if (!HOLE_ALL_SIGNS(outside, SIGNS)) return m;
  }
  return stride;
}

HOLE_CLONES
static REAL NAME(least_high)(HoleIndex stride, const REAL a[], const REAL b[], SLACK slack_a, SLACK slack_b,
                             const SLACK slacks[])
{
  VECTOR least  = (REAL)LARGEST - (VECTOR){0};
  REAL   result = (REAL)LARGEST;

  for (HoleIndex m = 0; m < stride; m += LANES) { /* rows are padded with what is largest */
    const VECTOR u    = HIGH(*(const VECTOR *)(a + m), slack_a, slacks + m);
    const VECTOR v    = HIGH(*(const VECTOR *)(b + m), slack_b, slacks + m);
    const MASK   less = LESS(u, v) >> SIGN;
    const VECTOR most = (VECTOR)(((MASK)v & less) | ((MASK)u & ~less));
    const MASK new    = LESS(most, least) >> SIGN;

    least = (VECTOR)(((MASK)most & new) | ((MASK)least & ~new));
  }
  for (int lane = 0; lane < LANES; ++lane) result = least[lane] < result ? least[lane] : result;
  return result;
}
