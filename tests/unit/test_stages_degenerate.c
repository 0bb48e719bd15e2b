/* Stages where there is little to choose from, and every rule and word of -stages, -flow_stage and -cut:
   one point, two points, equal points, fewer than four heights, no labels, one class, ties, refused values. */
#include "testing.h"

#include <hole/hole_stages.h>
#include <math.h>

enum { MAX_N = 64 };

/* A chain of points whose neighbours are `length` apart, and what is asked of it. */
struct input {
  HoleIndex      n;
  const double  *length; /* [n - 1] */
  const int32_t *label;  /* [n], NULL for none */
  HoleIndex      n_classes;
  const char    *stages, *flow_stage, *cut; /* NULL where the option is absent */
};

/* Stages in one line: name=threshold/clusters, a bar before the one added for the flow, an asterisk after that of the
   flow. */
static PetscErrorCode print_stages(const HoleStages *s, char text[], size_t length)
{
  char one[128];

  PetscFunctionBegin;
  text[0] = '\0';
  for (HoleIndex k = 0; k < s->n; ++k) {
    snprintf(one, sizeof(one), "%s%s=%g/%d%s",
             k == s->n_nested ? " | "
             : k              ? " "
                              : "",
             s->name[k], s->threshold[k], (int)s->n_clusters[k], k == s->flow ? "*" : "");
    PetscCall(PetscStrlcat(text, one, length));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode set_option(const char name[], const char value[])
{
  PetscFunctionBegin;
  if (value) PetscCall(PetscOptionsSetValue(NULL, name, value));
  else PetscCall(PetscOptionsClearValue(NULL, name));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode get_options(const struct input *in, HoleStagesOptions *options)
{
  PetscFunctionBegin;
  PetscCall(set_option("-stages", in->stages));
  PetscCall(set_option("-flow_stage", in->flow_stage));
  PetscCall(set_option("-cut", in->cut));
  PetscCall(HoleStagesOptionsGet(options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode make_tree(const struct input *in, HoleTree *tree, HoleCurves **curves)
{
  HoleEdge edges[MAX_N];

  PetscFunctionBegin;
  for (HoleIndex k = 1; k < in->n; ++k) edges[k - 1] = (HoleEdge){in->length[k - 1], k - 1, k};
  PetscCall(HoleTreeCreate(in->n, edges, tree));
  PetscCall(HoleCurvesCreate(*tree, in->label, in->n_classes, curves));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Labels of a stage are the cut at its threshold. */
static PetscErrorCode check_labels(HoleTree tree, const HoleStages *s, PetscBool closed)
{
  int32_t   want[MAX_N];
  HoleIndex n_clusters;

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < s->n; ++k) {
    PetscCall(HoleTreeCut(tree, s->threshold[k], closed, want, &n_clusters));
    TEST_CHECK(s->n_clusters[k] == n_clusters, "Clusters of stage %s", s->name[k]);
    TEST_CHECK(!memcmp(want, &s->labels[k * s->n_points], (size_t)s->n_points * sizeof(*want)), "Labels of stage %s",
               s->name[k]);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check(const char want[], struct input in)
{
  HoleStagesOptions options;
  HoleTree          tree;
  HoleCurves       *curves;
  HoleStages       *stages;
  char              got[1024];

  PetscFunctionBegin;
  PetscCall(get_options(&in, &options));
  PetscCall(make_tree(&in, &tree, &curves));
  PetscCall(HoleStagesCreate(tree, curves, in.n_classes, &options, &stages));
  PetscCall(print_stages(stages, got, sizeof(got)));
  TEST_CHECK(!strcmp(got, want), "Found stages '%s', expected '%s'", got, want);
  TEST_CHECK(stages->n_points == in.n, "Points of the stages");
  PetscCall(check_labels(tree, stages, options.closed));
  PetscCall(HoleStagesDestroy(&stages));
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What depends on no tree is refused when options are read. */
static PetscErrorCode check_malformed(const char rule[], const char flow_stage[], const char cut[])
{
  struct input      in = {.stages = rule, .flow_stage = flow_stage, .cut = cut};
  HoleStagesOptions options;

  PetscFunctionBegin;
  TEST_FAILS(HOLE_ERR_USAGE, get_options(&in, &options));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What depends on the tree is refused there, and nothing is left behind. */
static PetscErrorCode check_refused(struct input in)
{
  HoleStagesOptions options;
  HoleTree          tree;
  HoleCurves       *curves;
  HoleStages       *stages;

  PetscFunctionBegin;
  PetscCall(get_options(&in, &options));
  PetscCall(make_tree(&in, &tree, &curves));
  TEST_FAILS(HOLE_ERR_USAGE, HoleStagesCreate(tree, curves, in.n_classes, &options, &stages));
  TEST_CHECK(!stages, "Refused stages were left behind");
  PetscCall(HoleStagesDestroy(&stages));
  PetscCall(HoleCurvesDestroy(&curves));
  PetscCall(HoleTreeDestroy(&tree));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_few_heights(void)
{
  const double  zeros[] = {0, 0, 0}, one[] = {3}, two[] = {1, 2}, tied[] = {2, 1, 2}, three[] = {1, 2, 3};
  const double  copies[] = {0, 1, 0, 2}, with_zero[] = {0, 1, 2, 3, 0};
  const int32_t pair[] = {0, 0, 1}, single[] = {0, 0, 0, 0}, halves[] = {0, 0, 1, 1}, ends[] = {0, 0, 0, 1};
  const int32_t whole[] = {0, 0, 0, 0, 0, 0};

  PetscFunctionBegin;
  PetscCall(check("t_star=0/1*", (struct input){.n = 1}));
  PetscCall(check("t_star=0/1*", (struct input){.n = 4, .length = zeros}));
  PetscCall(check("t_star=0/1*", (struct input){.n = 4, .length = zeros, .label = halves, .n_classes = 2}));
  PetscCall(check("t_star=0/4*", (struct input){.n = 4, .length = zeros, .cut = "open"}));
  PetscCall(check("t_star=3/1*", (struct input){.n = 2, .length = one}));
  /* no labels: the number of clusters nearest to 10 is the largest there is */
  PetscCall(check("t_star=1/2* final=2/1", (struct input){.n = 3, .length = two}));
  PetscCall(check("t_star=1/2* final=2/1", (struct input){.n = 3, .length = two, .label = pair, .n_classes = 2}));
  /* one class: one cluster is the best */
  PetscCall(check("initial=1/2 t_star=2/1*", (struct input){.n = 3, .length = two, .label = single, .n_classes = 1}));
  PetscCall(check("t_star=1/3* final=2/1", (struct input){.n = 4, .length = tied}));
  /* three heights, t_star first, in the middle, last: the middle one is a stage even where it is none by name */
  PetscCall(check("t_star=1/3* intermediate=2/2 final=3/1", (struct input){.n = 4, .length = three}));
  PetscCall(check("initial=1/3 t_star=2/2* final=3/1",
                  (struct input){.n = 4, .length = three, .label = ends, .n_classes = 2}));
  PetscCall(check("initial=1/3 intermediate=2/2 t_star=3/1*",
                  (struct input){.n = 4, .length = three, .label = single, .n_classes = 1}));
  /* copies of points join at 0, which is no stage */
  PetscCall(check("t_star=1/2* final=2/1", (struct input){.n = 5, .length = copies}));
  PetscCall(check("initial=1/3 intermediate=2/2 t_star=3/1*",
                  (struct input){.n = 6, .length = with_zero, .label = whole, .n_classes = 1}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Chain of 14: heights 1 .. 13, n - t clusters at t. Without labels t_star is 4, where ten clusters are left. */
static PetscErrorCode check_many_heights(void)
{
  double       length[13];
  int32_t      label[14] = {0};
  struct input in        = {.n = 14, .length = length};

  PetscFunctionBegin;
  for (int k = 0; k < 13; ++k) length[k] = k + 1;
  PetscCall(check("initial=1/13 t_star=4/10* intermediate=9/5 final=13/1", in));
  in.cut = "open";
  PetscCall(check("initial=1/14 t_star=4/11* intermediate=9/6 final=13/2", in));
  in.cut        = "closed";
  in.flow_stage = "final";
  PetscCall(check("initial=1/13 t_star=4/10 intermediate=9/5 final=13/1*", in));
  in.flow_stage = "clusters";
  PetscCall(check("initial=1/13 t_star=4/10 intermediate=9/5 final=13/1 | clusters:10=4/10*", in));
  in.flow_stage = "clusters:3";
  PetscCall(check("initial=1/13 t_star=4/10 intermediate=9/5 final=13/1 | clusters:3=11/3*", in));

  /* all of class 0 but the last two points: they join at 13, the rest has joined at 12 */
  in.label     = label;
  in.n_classes = 2;
  label[13]    = 1;
  PetscCall(check("initial=1/13 t_star=12/2 final=13/1 | clusters:3=11/3*", in));
  in.flow_stage = "intermediate"; /* nothing lies between: it is t_star */
  PetscCall(check("initial=1/13 t_star=12/2* final=13/1", in));
  in.flow_stage = "clusters";
  PetscCall(check("initial=1/13 t_star=12/2 final=13/1 | clusters:2=12/2*", in));
  in.label      = NULL;
  in.flow_stage = NULL;

  in.stages = "count:4";
  PetscCall(check("count_0=1/13 count_1=5/9 count_2=9/5 count_3=13/1 | t_star=4/10*", in));
  in.stages = "count:5";
  PetscCall(check("count_0=1/13 count_1=4/10 count_2=7/7 count_3=10/4 count_4=13/1 | t_star=4/10*", in));
  in.stages = "count:6"; /* every 2.4th, cut to whole ranks */
  PetscCall(check("count_0=1/13 count_1=3/11 count_2=5/9 count_3=8/6 count_4=10/4 count_5=13/1 | t_star=4/10*", in));
  in.stages     = "count:5";
  in.flow_stage = "count_2";
  PetscCall(check("count_0=1/13 count_1=4/10 count_2=7/7* count_3=10/4 count_4=13/1", in));
  in.stages     = "count:1";
  in.flow_stage = "count_0";
  PetscCall(check("count_0=1/13*", in));
  in.stages     = " clusters:3";
  in.flow_stage = NULL;
  PetscCall(check_malformed(in.stages, NULL, NULL));
  in.stages = "clusters:3, 14 ,1,3";
  PetscCall(check("clusters:14=0/14 clusters:3=11/3 clusters:1=13/1 | t_star=4/10*", in));
  in.flow_stage = "clusters:3";
  PetscCall(check("clusters:14=0/14 clusters:3=11/3* clusters:1=13/1", in));
  in.stages     = "at:7.5, 1e1,2,10,inf";
  in.flow_stage = NULL;
  PetscCall(check("at:2=2/12 at:7.5=7.5/7 at:1e1=10/4 at:inf=inf/1 | t_star=4/10*", in));
  in.flow_stage = "at:10"; /* listed as at:1e1 */
  PetscCall(check("at:2=2/12 at:7.5=7.5/7 at:1e1=10/4* at:inf=inf/1", in));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Ties: clusters:K gives what there is, and equal thresholds go under the first name. */
static PetscErrorCode check_ties(void)
{
  const double tied[] = {2, 1, 2, 2, 0}, zeros[] = {0, 0, 0}, few[] = {1, 2, 2};

  PetscFunctionBegin;
  PetscCall(check("clusters:5=0/5 clusters:4=1/4 clusters:2=2/1 | t_star=1/4*",
                  (struct input){.n = 6, .length = tied, .stages = "clusters:2,1,4,5,6"}));
  PetscCall(check("clusters:5=0/5 clusters:4=1/4 clusters:2=2/1*",
                  (struct input){.n = 6, .length = tied, .stages = "clusters:2,1,4,5", .flow_stage = "clusters:1"}));
  PetscCall(check("count_0=1/3 count_1=2/1 | t_star=1/3*", (struct input){.n = 4, .length = few, .stages = "count:9"}));
  PetscCall(check("t_star=0/1*", (struct input){.n = 4, .length = zeros, .stages = "count:3"}));
  PetscCall(check("at:1=1/1 | t_star=0/1*", (struct input){.n = 1, .stages = "at:1"}));
  /* fewer points than the number of clusters that nobody asked for */
  PetscCall(
      check("t_star=1/3 final=2/1 | clusters:4=0/4*", (struct input){.n = 4, .length = few, .flow_stage = "clusters"}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode check_errors(void)
{
  const double few[] = {1, 2, 2};
  char         text[4096];

  PetscFunctionBegin;
  PetscCall(check_malformed("holes", NULL, NULL));
  PetscCall(check_malformed("", NULL, NULL));
  PetscCall(check_malformed("count:", NULL, NULL));
  PetscCall(check_malformed("count:0", NULL, NULL));
  PetscCall(check_malformed("count:2,3", NULL, NULL));
  PetscCall(check_malformed("count:99999999999999999999", NULL, NULL));
  PetscCall(check_malformed("clusters:3,,4", NULL, NULL));
  PetscCall(check_malformed("clusters:-1", NULL, NULL));
  PetscCall(check_malformed("clusters:2.5", NULL, NULL));
  PetscCall(check_malformed("at:", NULL, NULL));
  PetscCall(check_malformed("at:1,nan", NULL, NULL));
  PetscCall(check_malformed("at:-1", NULL, NULL));
  PetscCall(check_malformed("at:1x", NULL, NULL));
  PetscCall(check_malformed(NULL, "middle", NULL));
  PetscCall(check_malformed(NULL, "clusters:", NULL));
  PetscCall(check_malformed(NULL, "clusters:x", NULL));
  PetscCall(check_malformed(NULL, "count_0", NULL));
  PetscCall(check_malformed("count:3", "count_3", NULL));
  PetscCall(check_malformed("at:3", "final", NULL));
  PetscCall(check_malformed(NULL, NULL, "half"));
  memset(text, '1', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  memcpy(text, "at:", 3);
  PetscCall(check_malformed(text, NULL, NULL));
  text[70] = '\0';
  PetscCall(check_malformed(text, NULL, NULL));
  PetscCall(check_malformed(NULL, text, NULL));

  PetscCall(check_refused((struct input){.n = 4, .length = few, .stages = "clusters:5"}));
  PetscCall(check_refused((struct input){.n = 4, .length = few, .flow_stage = "clusters:5"}));
  PetscCall(check_refused((struct input){.n = 4, .length = few, .stages = "count:5", .flow_stage = "count_4"}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

int main(int argc, char **argv)
{
  PetscFunctionBeginUser;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(check_few_heights());
  PetscCall(check_many_heights());
  PetscCall(check_ties());
  PetscCall(check_errors());
  PetscCall(PetscFinalize());
  return 0;
}
