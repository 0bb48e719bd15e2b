/* Stages: the few thresholds at which the clusters of a layer are looked at.

   A rule proposes named thresholds in order of preference for the name; sorted, and each threshold kept once under its
   first name, they are the nested stages. The proposals are kept until the stage of the flow is found, so that a name
   which coincided with another one is still understood. */
#include "../tree/tree_impl.h"

#include <ctype.h>
#include <errno.h>
#include <hole/hole_error.h>
#include <hole/hole_stages.h>
#include <string.h>

enum { NAME_LENGTH = sizeof(((HoleStages *)NULL)->name[0]), CLUSTERS_WITHOUT_LABELS = 10 };

enum kind { RULE_HOLE, RULE_COUNT, RULE_CLUSTERS, RULE_AT };

/* An item of a list in -stages; only one of the two numbers is used. */
struct item {
  HoleIndex count;
  double    threshold;
  char      name[NAME_LENGTH];
};

/* A rule as parsed: nothing in it depends on a tree. */
struct rule {
  enum kind    kind;
  HoleIndex    n;
  struct item *items; /* [n] of a list; the single K of `count` */
};

struct proposal {
  double    threshold;
  HoleIndex preference; /* among equal thresholds the least gives the name */
  char      name[NAME_LENGTH];
};

struct proposals {
  HoleIndex        n;
  struct proposal *all;
};

/* The heights among which `hole` and `count` choose, and the best of them. */
struct heights {
  HoleIndex     n;
  const double *t;    /* [n] positive, ascending */
  HoleIndex     best; /* -1 if there are none */
};

/* Number of clusters in `text`; false unless it is a whole number from 1. */
static PetscBool read_count(const char text[], HoleIndex *count)
{
  char     *end;
  long long value;

  errno = 0;
  value = strtoll(text, &end, 10);
  if (end == text || *end || errno || value < 1) return PETSC_FALSE;
  *count = (HoleIndex)value;
  return PETSC_TRUE;
}

/* Threshold in `text`; false unless it is a number from 0, `inf` included. */
static PetscBool read_threshold(const char text[], double *threshold)
{
  char *end;

  *threshold = strtod(text, &end);
  return end != text && !*end && *threshold >= 0 ? PETSC_TRUE : PETSC_FALSE;
}

/* The rest of `text` after `prefix`, NULL if it starts otherwise. */
static const char *after(const char text[], const char prefix[])
{
  size_t n = strlen(prefix);

  return strncmp(text, prefix, n) ? NULL : text + n;
}

/* Copy the item of a list at `text` without the blanks around it, and move on; false if it is too long for a name. */
static PetscBool copy_item(const char **text, char item[NAME_LENGTH])
{
  size_t      n    = strcspn(*text, ",");
  const char *from = *text, *to = *text + n;

  *text = *to ? to + 1 : NULL;
  while (from < to && isspace((unsigned char)*from)) ++from;
  while (from < to && isspace((unsigned char)to[-1])) --to;
  n = (size_t)(to - from);
  if (n >= NAME_LENGTH) return PETSC_FALSE;
  memcpy(item, from, n);
  item[n] = '\0';
  return PETSC_TRUE;
}

/* Read and name one item of `rule`. */
static PetscErrorCode parse_item(enum kind kind, const char text[], struct item *item)
{
  PetscFunctionBegin;
  if (kind == RULE_AT) {
    PetscCheck(read_threshold(text, &item->threshold), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-stages at: found '%s', expected a threshold of 0 or more", text);
    PetscCheck(strlen(text) + strlen("at:") < NAME_LENGTH, PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-stages at: '%s' is too long for a name", text);
    PetscCall(PetscSNPrintf(item->name, NAME_LENGTH, "at:%s", text));
  } else {
    const char *word = kind == RULE_COUNT ? "count" : "clusters";

    PetscCheck(read_count(text, &item->count), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-stages %s: found '%s', expected a whole number of 1 or more", word, text);
    PetscCall(PetscSNPrintf(item->name, NAME_LENGTH, "%s:%" HoleIndex_FMT, word, item->count));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode parse_list(const char list[], struct rule *rule)
{
  HoleIndex   capacity = 1;
  char        text[NAME_LENGTH];
  const char *rest = list;

  PetscFunctionBegin;
  for (const char *c = list; *c; ++c) capacity += *c == ',';
  PetscCheck(rule->kind != RULE_COUNT || capacity == 1, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-stages count: found '%s', expected one number", list);
  PetscCall(PetscCalloc1(capacity, &rule->items));
  while (rest) {
    PetscCheck(copy_item(&rest, text), PETSC_COMM_SELF, HOLE_ERR_USAGE, "-stages: an item of '%s' is too long", list);
    PetscCall(parse_item(rule->kind, text, &rule->items[rule->n++]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* `rule` is to be freed by the caller, also after an error. */
static PetscErrorCode parse_rule(const char text[], struct rule *rule)
{
  static const struct {
    const char *prefix;
    enum kind   kind;
  } lists[]        = {{"count:", RULE_COUNT}, {"clusters:", RULE_CLUSTERS}, {"at:", RULE_AT}};
  const char *list = NULL;

  PetscFunctionBegin;
  rule->kind = RULE_HOLE;
  if (!strcmp(text, "hole")) PetscFunctionReturn(PETSC_SUCCESS);
  for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]) && !list; ++k) {
    rule->kind = lists[k].kind;
    list       = after(text, lists[k].prefix);
  }
  PetscCheck(list, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-stages: found '%s', expected hole, count:K, clusters:K1,K2,... or at:T1,T2,...", text);
  PetscCall(parse_list(list, rule));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether -flow_stage asks for a number of clusters, and which; 0 stands for the number of classes. */
static PetscErrorCode parse_flow_clusters(const char text[], PetscBool *asked, HoleIndex *count)
{
  const char *rest = after(text, "clusters");

  PetscFunctionBegin;
  *count = 0;
  *asked = rest && (!*rest || *rest == ':') ? PETSC_TRUE : PETSC_FALSE;
  if (*asked && *rest)
    PetscCheck(read_count(rest + 1, count), PETSC_COMM_SELF, HOLE_ERR_USAGE,
               "-flow_stage: found '%s', expected clusters:K with a whole number K of 1 or more", text);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Whether some layer can have a stage of this name. `clusters` and `t_star` exist under every rule. */
static PetscBool may_give(const struct rule *rule, const char name[])
{
  static const char *const of_hole[] = {"initial", "intermediate", "final"};
  const char              *number    = after(name, "count_");

  if (!strcmp(name, "t_star")) return PETSC_TRUE;
  for (size_t k = 0; rule->kind == RULE_HOLE && k < sizeof(of_hole) / sizeof(of_hole[0]); ++k) {
    if (!strcmp(name, of_hole[k])) return PETSC_TRUE;
  }
  for (HoleIndex k = 0; rule->kind == RULE_AT && k < rule->n; ++k) {
    if (!strcmp(name, rule->items[k].name)) return PETSC_TRUE;
  }
  if (rule->kind == RULE_COUNT && number) {
    HoleIndex k = 0;

    return !strcmp(number, "0") || (read_count(number, &k) && k < rule->items[0].count) ? PETSC_TRUE : PETSC_FALSE;
  }
  return PETSC_FALSE;
}

static PetscErrorCode check_options(const HoleStagesOptions *options, struct rule *rule)
{
  PetscBool clusters;
  HoleIndex count;

  PetscFunctionBegin;
  PetscCall(parse_rule(options->rule, rule));
  PetscCall(parse_flow_clusters(options->flow_stage, &clusters, &count));
  PetscCheck(clusters || may_give(rule, options->flow_stage), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-flow_stage: found '%s', expected clusters:K, t_star or a stage of -stages %s (%s)", options->flow_stage,
             options->rule,
             rule->kind == RULE_HOLE    ? "initial, t_star, intermediate, final"
             : rule->kind == RULE_COUNT ? "count_0, count_1, ..."
             : rule->kind == RULE_AT    ? "at: and a threshold as it is given there"
                                        : "clusters: and a number");
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Option `name` into `text`, which keeps its default if the option is absent. */
static PetscErrorCode get_text(const char name[], char text[], size_t length)
{
  PetscFunctionBegin;
  PetscCall(PetscOptionsGetString(NULL, NULL, name, text, length, NULL));
  PetscCheck(strlen(text) + 1 < length, PETSC_COMM_SELF, HOLE_ERR_USAGE, "%s: '%.40s...' is longer than %d characters",
             name, text, (int)length - 2);
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleStagesOptionsGet(HoleStagesOptions *options)
{
  struct rule    rule    = {0};
  char           cut[32] = "closed";
  PetscErrorCode checked;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(options->rule, "hole", sizeof(options->rule)));
  PetscCall(PetscStrncpy(options->flow_stage, "t_star", sizeof(options->flow_stage)));
  PetscCall(get_text("-stages", options->rule, sizeof(options->rule)));
  PetscCall(get_text("-flow_stage", options->flow_stage, sizeof(options->flow_stage)));
  PetscCall(get_text("-cut", cut, sizeof(cut)));
  options->closed = strcmp(cut, "closed") ? PETSC_FALSE : PETSC_TRUE;
  PetscCheck(options->closed || !strcmp(cut, "open"), PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "-cut: found '%s', expected closed or open", cut);
  checked = check_options(options, &rule);
  PetscCall(PetscFree(rule.items));
  PetscCall(checked);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static struct heights positive_heights(const HoleCurves *curves)
{
  HoleIndex zero = curves->n && !(curves->threshold[0] > 0); /* rows are distinct: at most one is 0 */

  return (struct heights){curves->n - zero, curves->n ? curves->threshold + zero : NULL,
                          curves->best < 0 ? -1 : curves->best - zero};
}

static void propose(struct proposals *p, double threshold, const char name[])
{
  struct proposal *next = &p->all[p->n];

  next->threshold  = threshold;
  next->preference = p->n++;
  memset(next->name, 0, NAME_LENGTH);
  memcpy(next->name, name, strlen(name));
}

/* At most four, or one a height if there are fewer, and then some proposed twice. */
static void propose_hole(const struct heights *h, struct proposals *p)
{
  HoleIndex last = h->n - 1, between = last - h->best - 1; /* heights strictly between t_star and final */

  propose(p, h->t[h->best], "t_star");
  propose(p, h->t[last], "final");
  propose(p, h->t[0], "initial");
  /* With nothing between, the height nearest to the middle of t_star and final is one of these two, equally near. */
  propose(p, h->t[between > 0 ? h->best + 1 + between / 2 : h->best], "intermediate");
  for (HoleIndex k = 0; h->n < 4 && k < h->n; ++k) propose(p, h->t[k], "intermediate");
}

/* Ranks as numpy.linspace(0, n - 1, k) cut to whole numbers gives them, in the same arithmetic. */
static PetscErrorCode propose_count(const struct heights *h, HoleIndex k, struct proposals *p)
{
  HoleIndex n    = PetscMin(k, h->n);
  double    step = n > 1 ? (double)(h->n - 1) / (double)(n - 1) : 0.0;
  char      name[NAME_LENGTH];

  PetscFunctionBegin;
  for (HoleIndex i = 0; i < n; ++i) {
    HoleIndex rank = i && i == n - 1 ? h->n - 1 : (HoleIndex)((double)i * step);

    PetscCall(PetscSNPrintf(name, sizeof(name), "count_%" HoleIndex_FMT, i));
    propose(p, h->t[h->n <= k ? i : rank], name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Height of the last merge when k clusters are left, 0 before the first merge. */
static PetscErrorCode height_of_clusters(HoleTree tree, HoleIndex k, const char option[], double *height)
{
  PetscFunctionBegin;
  PetscCheck(k <= tree->n, PETSC_COMM_SELF, HOLE_ERR_USAGE,
             "%s: found %" HoleIndex_FMT " clusters, expected no more than the %" HoleIndex_FMT " points", option, k,
             tree->n);
  *height = k < tree->n ? tree->edges[tree->n - k - 1].length : 0.0;
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode propose_list(HoleTree tree, const struct rule *rule, struct proposals *p)
{
  PetscFunctionBegin;
  for (HoleIndex k = 0; k < rule->n; ++k) {
    double threshold = rule->items[k].threshold;

    if (rule->kind == RULE_CLUSTERS)
      PetscCall(height_of_clusters(tree, rule->items[k].count, "-stages clusters", &threshold));
    propose(p, threshold, rule->items[k].name);
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode propose_stages(HoleTree tree, const HoleCurves *curves, const struct rule *rule,
                                     struct proposals *p)
{
  struct heights h    = positive_heights(curves);
  PetscBool      list = rule->kind == RULE_CLUSTERS || rule->kind == RULE_AT ? PETSC_TRUE : PETSC_FALSE;
  HoleIndex      most = 7; /* of `hole` */

  PetscFunctionBegin;
  if (list) most = rule->n;
  if (rule->kind == RULE_COUNT) most = PetscMin(rule->items[0].count, h.n);
  PetscCall(PetscMalloc1(PetscMax(most, 1), &p->all));
  if (list) PetscCall(propose_list(tree, rule, p));
  else if (!h.n) propose(p, 0.0, "t_star");
  else if (rule->kind == RULE_COUNT) PetscCall(propose_count(&h, rule->items[0].count, p));
  else propose_hole(&h, p);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static int by_threshold_then_preference(const void *a, const void *b)
{
  const struct proposal *p = (const struct proposal *)a, *q = (const struct proposal *)b;
  int                    order = (p->threshold > q->threshold) - (p->threshold < q->threshold);

  return order ? order : (p->preference > q->preference) - (p->preference < q->preference);
}

/* Add a stage and cut the tree there; there is room for it. */
static PetscErrorCode add_stage(HoleTree tree, double threshold, const char name[], PetscBool closed, HoleStages *s)
{
  HoleIndex n_clusters;

  PetscFunctionBegin;
  s->threshold[s->n] = threshold;
  PetscCall(PetscStrncpy(s->name[s->n], name, NAME_LENGTH));
  PetscCall(HoleTreeCut(tree, threshold, closed, &s->labels[s->n * s->n_points], &n_clusters));
  s->n_clusters[s->n++] = n_clusters;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* One stage more than thresholds, for the flow. */
static PetscErrorCode add_nested_stages(HoleTree tree, struct proposals *p, PetscBool closed, HoleStages *s)
{
  HoleIndex room = 1;

  PetscFunctionBegin;
  qsort(p->all, (size_t)p->n, sizeof(*p->all), by_threshold_then_preference);
  for (HoleIndex k = 0; k < p->n; ++k) room += !k || p->all[k].threshold != p->all[k - 1].threshold;
  s->n_points = tree->n;
  PetscCall(PetscCalloc1(room, &s->threshold));
  PetscCall(PetscCalloc1(room, &s->name));
  PetscCall(PetscCalloc1(room, &s->n_clusters));
  PetscCall(PetscMalloc1(room * s->n_points, &s->labels));
  for (HoleIndex k = 0; k < p->n; ++k) {
    if (!k || p->all[k].threshold != p->all[k - 1].threshold)
      PetscCall(add_stage(tree, p->all[k].threshold, p->all[k].name, closed, s));
  }
  s->n_nested = s->n;
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The stage listed under `name`, else the one that it coincided with; -1 if there is none. */
static HoleIndex find_stage(const HoleStages *s, const struct proposals *p, const char name[])
{
  for (HoleIndex k = 0; k < s->n; ++k) {
    if (!strcmp(s->name[k], name)) return k;
  }
  for (HoleIndex q = 0; q < p->n; ++q) {
    for (HoleIndex k = 0; k < s->n; ++k) {
      if (!strcmp(p->all[q].name, name) && p->all[q].threshold == s->threshold[k]) return k;
    }
  }
  return -1;
}

static PetscErrorCode refuse_flow_stage(const HoleStages *s, const char name[])
{
  char list[1024] = "";

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < s->n; ++k) {
    PetscCall(PetscStrlcat(list, k ? ", " : "", sizeof(list)));
    PetscCall(PetscStrlcat(list, s->name[k], sizeof(list)));
  }
  SETERRQ(PETSC_COMM_SELF, HOLE_ERR_USAGE, "-flow_stage: found '%s', expected clusters:K, t_star or one of: %s", name,
          list);
}

static PetscErrorCode choose_flow_stage(HoleTree tree, const HoleCurves *curves, HoleIndex n_classes,
                                        const HoleStagesOptions *options, const struct proposals *p, HoleStages *s)
{
  char      name[NAME_LENGTH];
  double    threshold = curves->best < 0 ? 0.0 : curves->threshold[curves->best];
  PetscBool clusters;
  HoleIndex count;

  PetscFunctionBegin;
  PetscCall(PetscStrncpy(name, options->flow_stage, sizeof(name)));
  PetscCall(parse_flow_clusters(options->flow_stage, &clusters, &count));
  if (clusters) {
    if (!count) count = PetscMin(tree->n, curves->purity ? PetscMax(n_classes, 1) : CLUSTERS_WITHOUT_LABELS);
    PetscCall(height_of_clusters(tree, count, "-flow_stage", &threshold));
    PetscCall(PetscSNPrintf(name, sizeof(name), "clusters:%" HoleIndex_FMT, count));
  }
  s->flow = find_stage(s, p, name);
  if (s->flow >= 0) PetscFunctionReturn(PETSC_SUCCESS);
  if (!clusters && strcmp(name, "t_star")) PetscCall(refuse_flow_stage(s, name));
  s->flow = s->n;
  PetscCall(add_stage(tree, threshold, name, options->closed, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode add_note(HoleStages *s, const char text[])
{
  PetscFunctionBegin;
  if (s->note[0]) PetscCall(PetscStrlcat(s->note, "; ", sizeof(s->note)));
  PetscCall(PetscStrlcat(s->note, text, sizeof(s->note)));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Single points are pure clusters: where classes overlap, the score is largest among them. */
static PetscErrorCode note_single_points(const HoleCurves *curves, HoleStages *s)
{
  int64_t n_clusters = curves->n_clusters[curves->best];
  char    text[256];

  PetscFunctionBegin;
  for (HoleIndex k = 0; k < s->n; ++k) {
    if (s->threshold[k] == curves->threshold[curves->best]) n_clusters = s->n_clusters[k]; /* an open cut has more */
  }
  if (!curves->purity || n_clusters <= s->n_points / 2) PetscFunctionReturn(PETSC_SUCCESS);
  if (n_clusters == s->n_points)
    PetscCall(PetscStrncpy(text, "every point is a cluster of its own at t_star", sizeof(text)));
  else PetscCall(PetscStrncpy(text, "most points are alone at t_star: classes overlap, see ari and nmi", sizeof(text)));
  PetscCall(add_note(s, text));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* What a reader of the stages should know; the rules themselves are said in the header. */
static PetscErrorCode write_note(const HoleCurves *curves, enum kind kind, HoleStages *s)
{
  const HoleIndex n_heights = positive_heights(curves).n;
  char            text[256];

  PetscFunctionBegin;
  if (!n_heights) PetscCall(add_note(s, "no two points are at a positive finite distance: t_star is 0"));
  else if (kind == RULE_HOLE && n_heights < 4) {
    PetscCall(PetscSNPrintf(text, sizeof(text), "only %" HoleIndex_FMT " distinct merge height%s: %s", n_heights,
                            n_heights > 1 ? "s" : "", n_heights > 1 ? "all are stages" : "it is the only stage"));
    PetscCall(add_note(s, text));
  } else if (kind == RULE_HOLE && s->n_nested < 4) {
    PetscCall(PetscSNPrintf(text, sizeof(text), "stages coincide: %" HoleIndex_FMT " of 4 are different", s->n_nested));
    PetscCall(add_note(s, text));
  }
  if (curves->best < 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(note_single_points(curves, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode choose_stages(HoleTree tree, const HoleCurves *curves, HoleIndex n_classes,
                                    const HoleStagesOptions *options, struct rule *rule, struct proposals *p,
                                    HoleStages *s)
{
  PetscFunctionBegin;
  PetscCall(check_options(options, rule));
  PetscCall(propose_stages(tree, curves, rule, p));
  PetscCall(add_nested_stages(tree, p, options->closed, s));
  PetscCall(choose_flow_stage(tree, curves, n_classes, options, p, s));
  PetscCall(write_note(curves, rule->kind, s));
  PetscFunctionReturn(PETSC_SUCCESS);
}

HoleIndex HoleStagesOptionsGetMost(const HoleStagesOptions *options)
{
  HoleIndex most = 1;

  if (!strcmp(options->rule, "hole")) return 4 + 1;
  if (!strncmp(options->rule, "count:", 6)) return strtoll(options->rule + 6, NULL, 10) + 1;
  for (const char *c = options->rule; *c; ++c) most += *c == ',';
  return most + 1;
}

PetscErrorCode HoleStagesCreate(HoleTree tree, const HoleCurves *curves, HoleIndex n_classes,
                                const HoleStagesOptions *options, HoleStages **stages)
{
  struct rule      rule      = {0};
  struct proposals proposals = {0};
  HoleStages      *s;
  PetscErrorCode   chosen;

  PetscFunctionBegin;
  *stages = NULL;
  PetscCall(PetscNew(&s));
  chosen = choose_stages(tree, curves, n_classes, options, &rule, &proposals, s);
  PetscCall(PetscFree(rule.items));
  PetscCall(PetscFree(proposals.all));
  if (chosen) PetscCall(HoleStagesDestroy(&s));
  PetscCall(chosen);
  *stages = s;
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode HoleStagesDestroy(HoleStages **stages)
{
  HoleStages *s = *stages;

  PetscFunctionBegin;
  if (!s) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscFree(s->threshold));
  PetscCall(PetscFree(s->name));
  PetscCall(PetscFree(s->n_clusters));
  PetscCall(PetscFree(s->labels));
  PetscCall(PetscFree(*stages));
  PetscFunctionReturn(PETSC_SUCCESS);
}
