# Tests that run under an MPI launcher, once per rank count as <name>_np<n>, so that a report says which count failed.
#
#   hole_add_mpi_test(<name> SOURCES <file>... RANKS <n>... [ARGS <arg>...] [LABELS <label>...] [TIMEOUT <seconds>])
#     builds a program, links it to Hole::hole and runs it with -file <a file of its own> and ARGS.
#     With the label unit it also runs with -malloc_dump, and fails if PETSc lists memory that was not freed.
#
#   hole_add_python_test(<name> SCRIPT <file> [RANKS <n>...] [ARGS <arg>...] [LABELS <label>...] [TIMEOUT <seconds>] [REFERENCE])
#     runs a script, with ARGS, under HOLE_PYTHON and in an empty folder of its own. Exit code 77: skipped. Its environment has
#       HOLE_PROGRAM      the program `hole` of this build
#       HOLE_LAUNCHER     the launcher up to the rank count: "/usr/bin/mpiexec -n"
#       HOLE_RANKS        the rank count of this test; the script starts the launcher itself
#       HOLE_SOURCE_DIR   the root of the sources
#       HOLE_TEST_DATA    a folder of larger inputs, as in the caller's environment; unset if it is unset there
#     Without RANKS there is one test, <name>, and no HOLE_RANKS.
#     With REFERENCE the test of 1 rank runs before those of more, which then have
#       HOLE_REFERENCE    its folder, with the results that theirs are compared with
#
#   hole_sanitize(<target>)
#     what a program needs in a build with HOLE_SANITIZE; nothing in any other.
include_guard(GLOBAL)

option(HOLE_SANITIZE "Support sanitizers that the compiler flags turn on (preset sanitize)" OFF)
set(HOLE_PYTHON /usr/bin/python3 CACHE FILEPATH "Python that sees h5py, NumPy, SciPy and Matplotlib")
set(HOLE_SCRIPTS_DIR ${CMAKE_CURRENT_LIST_DIR}/.. CACHE INTERNAL "Where environment.sh is")

# The environment of a test, one NAME=VALUE an element: scripts/environment.sh says why.
function(hole_test_environment result)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${HOLE_SCRIPTS_DIR}/environment.sh)
  file(STRINGS ${HOLE_SCRIPTS_DIR}/environment.sh environment REGEX "^ *hole_default [A-Za-z_]+ ")
  list(TRANSFORM environment REPLACE "^ *hole_default ([A-Za-z_]+) (.*)$" "\\1=\\2")
  if(HOLE_SANITIZE)
    list(APPEND environment
         ASAN_OPTIONS=fast_unwind_on_malloc=0
         LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitize/lsan.supp:print_suppressions=0
         UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1)
  endif()
  set(${result} ${environment} PARENT_SCOPE)
endfunction()

function(hole_sanitize target)
  if(HOLE_SANITIZE)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/sanitize/nodlclose.c)
  endif()
endfunction()

# A deadlock is a failure, not a wait; sanitizers make everything several times slower.
function(hole_test_timeout seconds result)
  if(NOT seconds)
    set(seconds 60)
  endif()
  if(HOLE_SANITIZE)
    math(EXPR seconds "5 * ${seconds}")
  endif()
  set(${result} ${seconds} PARENT_SCOPE)
endfunction()

function(hole_add_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;RANKS;ARGS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE hole_objects) # internal parts are tested too
  hole_sanitize(${name})
  hole_test_environment(environment)
  hole_test_timeout("${arg_TIMEOUT}" timeout)
  foreach(n IN LISTS arg_RANKS)
    set(options -file ${CMAKE_CURRENT_BINARY_DIR}/${name}_np${n}.h5)
    if(unit IN_LIST arg_LABELS)
      list(APPEND options -malloc_dump)
    endif()
    add_test(NAME ${name}_np${n}
             COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}>
                     ${options} ${arg_ARGS} ${MPIEXEC_POSTFLAGS})
    set_tests_properties(${name}_np${n} PROPERTIES PROCESSORS ${n} TIMEOUT ${timeout} LABELS "${arg_LABELS}"
                                                   ENVIRONMENT "${environment}")
    if(unit IN_LIST arg_LABELS)
      set_tests_properties(${name}_np${n} PROPERTIES FAIL_REGULAR_EXPRESSION "\\[ *[0-9]+\\] *[0-9]+ bytes ")
    endif()
  endforeach()
endfunction()

function(hole_add_one_python_test name script ranks)
  cmake_parse_arguments(PARSE_ARGV 3 arg "REFERENCE" "TIMEOUT" "ARGS;LABELS")
  hole_test_environment(environment)
  hole_test_timeout("${arg_TIMEOUT}" timeout)
  list(APPEND environment
       "HOLE_PROGRAM=$<TARGET_FILE:hole_cli>"
       "HOLE_LAUNCHER=${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG}"
       "HOLE_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  set(processors 1)
  if(ranks)
    set(processors ${ranks})
    list(APPEND environment HOLE_RANKS=${ranks})
  endif()
  if(arg_REFERENCE AND ranks GREATER 1)
    string(REGEX REPLACE "_np[0-9]+$" "_np1" reference ${name})
    list(APPEND environment HOLE_REFERENCE=${CMAKE_CURRENT_BINARY_DIR}/tests/${reference})
  endif()
  # Emptied before each run, so that nothing of an earlier one can help.
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/tests/${name})
  file(MAKE_DIRECTORY ${folder})
  add_test(NAME ${name}
           COMMAND sh -c "rm -rf \"$1\" && mkdir -p \"$1\" && cd \"$1\" && shift && exec \"$@\"" run ${folder}
                   ${HOLE_PYTHON} ${script} ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES PROCESSORS ${processors} TIMEOUT ${timeout} LABELS "${arg_LABELS}"
                                          SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endfunction()

function(hole_add_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "REFERENCE" "SCRIPT;TIMEOUT" "RANKS;ARGS;LABELS")
  cmake_path(ABSOLUTE_PATH arg_SCRIPT BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set(common ARGS ${arg_ARGS} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT})
  if(arg_REFERENCE)
    list(APPEND common REFERENCE)
  endif()
  if(NOT arg_RANKS)
    hole_add_one_python_test(${name} ${arg_SCRIPT} 0 ${common})
  endif()
  foreach(n IN LISTS arg_RANKS)
    hole_add_one_python_test(${name}_np${n} ${arg_SCRIPT} ${n} ${common})
    if(arg_REFERENCE AND n EQUAL 1)
      set_tests_properties(${name}_np1 PROPERTIES FIXTURES_SETUP ${name})
    elseif(arg_REFERENCE)
      set_tests_properties(${name}_np${n} PROPERTIES FIXTURES_REQUIRED ${name})
    endif()
  endforeach()
endfunction()
