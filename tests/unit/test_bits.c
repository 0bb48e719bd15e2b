/* Loops over sets of vertices by vectors give what vertices one by one give: sets empty, thin, dense and full, of few words and many. */
#include "testing.h"

#include "../../src/homology/bits.h"

enum { MOST_WORDS = 88, N_ROUNDS = 40 };

struct sets {
  HoleIndex n_words;
  uint64_t  a[MOST_WORDS], b[MOST_WORDS], c[MOST_WORDS], both[MOST_WORDS], rest[MOST_WORDS];
};

static void draw(struct test_random *r, HoleIndex n_words, uint64_t set[])
{
  const HoleIndex share = test_random_below(r, 5); /* of four */

  for (HoleIndex w = 0; w < n_words; ++w) set[w] = 0;
  for (HoleIndex v = 0; v < n_words * HOLE_BITS; ++v) {
    if (test_random_below(r, 4) < share) hole_bits_put(set, v);
  }
}

/* Keep of a set a few of its members at most. */
static void thin(struct test_random *r, HoleIndex n_words, uint64_t set[])
{
  const HoleIndex kept = test_random_below(r, 3);
  HoleIndex       n    = 0;

  for (HoleIndex v = n_words * HOLE_BITS - 1; v >= 0; --v) {
    if (hole_bits_has(set, v) && n++ >= kept) set[v / HOLE_BITS] &= ~(UINT64_C(1) << v % HOLE_BITS);
  }
}

static PetscErrorCode check_intersect(struct sets *s)
{
  HoleIndex n = 0, n_rest = 0, got;
  PetscBool any;

  PetscFunctionBegin;
  got = hole_bits_intersect(s->n_words, s->a, s->b, s->c, s->both, s->rest, &any);
  for (HoleIndex v = 0; v < s->n_words * HOLE_BITS; ++v) {
    const PetscBool is_both = (PetscBool)(hole_bits_has(s->a, v) && hole_bits_has(s->b, v)),
                    is_rest = (PetscBool)(is_both && !hole_bits_has(s->c, v));

    n += is_both;
    n_rest += is_rest;
    TEST_CHECK(hole_bits_has(s->both, v) == is_both && hole_bits_has(s->rest, v) == is_rest, "vertex %d of %d words",
               (int)v, (int)s->n_words);
  }
  TEST_CHECK(got == n && any == (n_rest > 0), "%d words: %d in both, expected %d; any rest: %d of %d", (int)s->n_words,
             (int)got, (int)n, (int)any, (int)n_rest);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `c` is the row, `both` the set. */
static PetscErrorCode check_rest(struct sets *s)
{
  HoleIndex n = 0;

  PetscFunctionBegin;
  for (HoleIndex v = 0; v < s->n_words * HOLE_BITS; ++v)
    n += hole_bits_has(s->c, v) && hole_bits_has(s->both, v) && !hole_bits_has(s->rest, v);
  TEST_CHECK(hole_bits_meet_without(s->n_words, s->c, s->both, s->rest) == (n > 0), "%d words, %d met", (int)s->n_words,
             (int)n);
  for (HoleIndex w = 0; w < s->n_words; ++w) s->a[w] = s->rest[w];
  hole_bits_remove(s->n_words, s->c, s->a);
  for (HoleIndex w = 0; w < s->n_words; ++w)
    TEST_CHECK(s->a[w] == (s->rest[w] & ~s->c[w]), "word %d of %d", (int)w, (int)s->n_words);
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char *argv[])
{
  struct test_random r = {.seed = 11};
  static struct sets s;

  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  for (s.n_words = HOLE_LANES; s.n_words <= MOST_WORDS; s.n_words += HOLE_LANES) {
    for (int round = 0; round < N_ROUNDS; ++round) {
      draw(&r, s.n_words, s.a);
      draw(&r, s.n_words, s.b);
      draw(&r, s.n_words, s.c);
      PetscCall(check_intersect(&s));
      draw(&r, s.n_words, s.c);
      if (round % 2) thin(&r, s.n_words, s.c);
      PetscCall(check_rest(&s));
    }
  }
  PetscCall(PetscFinalize());
  return 0;
}
