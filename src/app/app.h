/* app.h - the program: commands, options, messages. */
#pragma once

#include <hole/hole.h>

/* What an option's value must be; checked before anything is computed. */
typedef enum { OPTION_FLAG, OPTION_WORD, OPTION_TEXT, OPTION_INTEGER } option_kind;

struct app_option {
  const char *name; /* with its dash */
  option_kind kind;
  const char *values; /* for the help; for OPTION_WORD the words, the default first, separated by blanks */
  const char *help;
  HoleIndex   least, most; /* OPTION_INTEGER: both ends included */
};

struct app_command {
  const char              *name, *input, *summary, *details;
  const struct app_option *options;
  int                      n_options;
  PetscErrorCode (*run)(MPI_Comm comm, const char input[]);
  const struct app_command *also; /* a command whose options this one takes too, or NULL */
};

extern const struct app_command app_analyze, app_compare, app_export, app_inspect, app_plan;

enum { APP_MAX_OPTION_FILES = 16 };

/* Words of the command line, sorted out: what PETSc should see, and what it should not. */
struct app_arguments {
  const struct app_command *command;
  const char               *input;
  int         n_files; /* option files: read after PETSc has started, so that a bad one is an error of ours */
  const char *files[APP_MAX_OPTION_FILES];
  PetscBool   yaml[APP_MAX_OPTION_FILES];
  int         argc; /* for PetscInitialize(): program name and options only */
  char      **argv; /* [argc + 1], to be freed with free() */
};

enum { APP_MESSAGE_LENGTH = 1024 };

/* Sort the words out. Returns 0, or an exit code with one line in `message`. Not collective. */
int app_arguments_parse(int argc, char **argv, struct app_arguments *arguments, char message[APP_MESSAGE_LENGTH]);

/* Refuse unknown options and values out of range, from the command line, option files and the environment alike. */
PetscErrorCode app_options_check(const struct app_command *command);

/* Warn on stderr about options that nothing used. Not collective; for one rank. */
PetscErrorCode app_options_warn_unused(void);

/* Help to stdout. */
void app_print_help(const struct app_command *command);
void app_print_version(void);

/* Find a command by name; NULL if there is none. */
const struct app_command *app_find_command(const char name[]);

/* The word nearest to `word`, by edit distance; NULL if none is near. `next` lists them one by one and ends with NULL. */
const char *app_nearest(const char word[], const char *(*next)(const void *ctx, int n), const void *ctx);

/* A flag or a text among our options. */
PetscErrorCode app_get_flag(const char name[], PetscBool *value);
PetscErrorCode app_get_text(const char name[], const char fallback[], size_t length, char value[]);

/* File name of a path without folder and extension. */
PetscErrorCode app_stem(const char path[], size_t length, char stem[]);

/* Read the option files; the command line wins over them. Collective on PETSC_COMM_WORLD. HOLE_ERR_USAGE: not readable as options. */
PetscErrorCode app_options_read_files(struct app_arguments *arguments);

/* HOLE_ERR_USAGE if both names lead to one file. Not collective. */
PetscErrorCode app_check_apart(const char input[], const char output[]);

/* Files that rank 0 removes if the run is ended from outside; "": none. Not collective. */
typedef enum { APP_TEMPORARY_OUTPUT, APP_TEMPORARY_UNIT, APP_N_TEMPORARIES } app_temporary;
void app_set_temporary(MPI_Comm comm, app_temporary which, const char path[]);

/* Provenance: the command line as it was typed. Set once by main(). */
const char *app_command_line(void);

/* Its n words. */
char **app_command_words(int *n);
