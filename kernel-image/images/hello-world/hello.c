/* The bundled hello-world: prints a text and ends. No C library: two system calls of Linux on i386. */

static const char text[] =
    "\n"
    "Hello from Docker!\n"
    "... or rather from Wherry, the Docker platform in a browser tab. What just happened:\n"
    " 1. The docker command asked Wherry's engine over the Docker Engine API for a container.\n"
    " 2. The engine took the image \"hello-world\" out of its registry, made a container of it, and\n"
    "    started it on a small Linux that runs on an emulated 32-bit PC.\n"
    " 3. This program ran inside, and its output was streamed back to your terminal.\n"
    "\n"
    "Something larger to try:\n"
    "    docker run -it --rm debian bash\n"
    "\n"
    "This is Wherry's own image, not Docker's official one; \"docker inspect hello-world\" says what it is made of.\n"
    "\n";

static int call(int number, int first, const void *second, unsigned third) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

void _start(void) {
  const char *rest = text;
  unsigned left = sizeof text - 1;
  while (left > 0) {
    int written = call(4 /* write */, 1, rest, left);
    if (written <= 0) break;
    rest += written;
    left -= (unsigned)written;
  }
  for (;;) call(1 /* exit */, left > 0, 0, 0);
}
