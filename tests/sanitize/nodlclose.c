/* Sanitizer builds only: a dlclose that does nothing.
 *
 * Open MPI unloads its plugins at the end. A leak or an error that has one of them on its call stack is then reported as
 * "<unknown module>", and no suppression can name it. With the plugins left in place lsan.supp can. */

__attribute__((visibility("default"))) int dlclose(void *handle);

int dlclose(void *handle)
{
  (void)handle;
  return 0;
}
