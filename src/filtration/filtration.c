/* The Rips filtration of given distances: a rule for where it stops, and the number that the rule gives. */
#include <errno.h>
#include <hole/hole_diagram.h>
#include <hole/hole_error.h>
#include <hole/hole_filtration.h>
#include <hole/hole_pass.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct HoleFiltration_s {
  HoleDistances d;
  PetscInt      max_dim;
  char          rule[HOLE_NAME_LENGTH];
  double        threshold, cutoff;
  HoleTree      tree;
};

/* A number that fills the whole text. */
static PetscBool parse_number(const char text[], double *value)
{
  char *end;

  errno  = 0;
  *value = strtod(text, &end);
  return (PetscBool)(end != text && !*end && !isnan(*value) && errno != ERANGE);
}

static PetscBool parse_quantile(const char rule[], double *q)
{
  const char prefix[] = "quantile:";

  if (strncmp(rule, prefix, strlen(prefix))) return PETSC_FALSE;
  return (PetscBool)(parse_number(rule + strlen(prefix), q) && *q >= 0 && *q <= 1);
}

PetscErrorCode HoleFiltrationCreate(HoleDistances d, HoleFiltration *f)
{
  PetscFunctionBegin;
  PetscCall(PetscNew(f));
  (*f)->d       = d;
  (*f)->max_dim = 1;
  PetscCall(HoleFiltrationSetThreshold(*f, "enclosing"));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetThreshold(HoleFiltration f, const char rule[])
{
  double    value;
  PetscBool good = (PetscBool)(!strcmp(rule, "enclosing") || parse_quantile(rule, &value) ||
                               (parse_number(rule, &value) && value >= 0));

  PetscFunctionBegin;
  PetscCheck(good && strlen(rule) < sizeof(f->rule), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-threshold %s: expected 'enclosing', a number of 0 or more, 'inf', or 'quantile:Q' with Q from 0 to 1",
             rule);
  PetscCall(PetscStrncpy(f->rule, rule, sizeof(f->rule)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetMaxDim(HoleFiltration f, PetscInt max_dim)
{
  PetscFunctionBegin;
  PetscCheck(max_dim >= 0 && max_dim <= HOLE_MAX_DIM, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-max_dim %" PetscInt_FMT ": expected a dimension from 0 to %d", max_dim, HOLE_MAX_DIM);
  f->max_dim = max_dim;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetFromOptions(HoleFiltration f)
{
  char      text[HOLE_NAME_LENGTH];
  PetscInt  max_dim;
  PetscBool set;

  PetscFunctionBegin;
  PetscCall(PetscOptionsGetString(NULL, NULL, "-filtration", text, sizeof(text), &set));
  PetscCheck(!set || !strcmp(text, "rips"), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-filtration %s: no such filtration; this version has rips", text);
  PetscCall(PetscOptionsGetString(NULL, NULL, "-threshold", text, sizeof(text), &set));
  if (set) PetscCall(HoleFiltrationSetThreshold(f, text));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-max_dim", &max_dim, &set));
  if (set) PetscCall(HoleFiltrationSetMaxDim(f, max_dim));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Collective: what the pass over all pairs found becomes the threshold and the tree. */
static PetscErrorCode take_results(HoleFiltration f, HolePass pass)
{
  double enclosing;

  PetscFunctionBegin;
  PetscCall(HolePassGetTree(pass, &f->tree));
  PetscCall(HolePassGetEnclosingRadius(pass, &enclosing));
  if (!strcmp(f->rule, "enclosing")) f->threshold = enclosing;
  else if (parse_quantile(f->rule, &f->threshold)) PetscCall(HolePassGetQuantile(pass, &f->threshold));
  else
    PetscCheck(parse_number(f->rule, &f->threshold), PETSC_COMM_SELF, PETSC_ERR_PLIB, "Rule %s was not checked",
               f->rule);
  f->cutoff = PetscMin(f->threshold, enclosing);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleFiltrationSetUp(HoleFiltration f)
{
  HolePass       pass;
  double         q;
  PetscErrorCode ran;

  PetscFunctionBegin;
  if (f->max_dim > 0) PetscCall(HoleDistancesStore(f->d));
  PetscCall(HolePassCreate(f->d, &pass));
  PetscCall(HolePassWantTree(pass));
  PetscCall(HolePassWantEnclosingRadius(pass));
  if (parse_quantile(f->rule, &q)) PetscCall(HolePassWantQuantile(pass, q));
  ran = HolePassRun(pass);
  if (!ran) ran = take_results(f, pass);
  PetscCall(HolePassDestroy(&pass));
  PetscCall(ran);
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleTree HoleFiltrationGetTree(HoleFiltration f) { return f->tree; }

double HoleFiltrationGetThreshold(HoleFiltration f) { return f->threshold; }

double HoleFiltrationGetCutoff(HoleFiltration f) { return f->cutoff; }

PetscInt HoleFiltrationGetMaxDim(HoleFiltration f) { return f->max_dim; }

HoleDistances HoleFiltrationGetDistances(HoleFiltration f) { return f->d; }

PetscErrorCode HoleFiltrationDestroy(HoleFiltration *f)
{
  PetscFunctionBegin;
  if (!*f) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(HoleTreeDestroy(&(*f)->tree));
  PetscCall(PetscFree(*f));
  PetscFunctionReturn(PETSC_SUCCESS);
}
