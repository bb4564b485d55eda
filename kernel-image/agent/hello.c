#include "hello.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "port.h"
#include "protocol.h"
#include "stream.h"

#define HOST_FILES "/run/wherry/host"
#define ENTROPY_MAX 512

/* Every restore of one snapshot starts with the same random state: new entropy must be mixed in before anything uses it. */
static void reseed(const struct bytes *entropy) {
  struct {
    struct rand_pool_info info;
    uint8_t bytes[ENTROPY_MAX];
  } pool;
  uint32_t length = entropy->length < ENTROPY_MAX ? entropy->length : ENTROPY_MAX;
  pool.info.entropy_count = (int)length * 8;
  pool.info.buf_size = (int)length;
  memcpy((uint8_t *)&pool + sizeof pool.info, entropy->at, length);
  int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0) say("reseed: errno %d", errno);
  if (fd >= 0) close(fd);
}

static int mount_host_files(const struct hello *hello) {
  if (!*hello->type) return 0;
  umount2(HOST_FILES, MNT_DETACH);
  if (mkdir("/run/wherry", 0755) < 0 && errno != EEXIST) return errno;
  if (mkdir(HOST_FILES, 0755) < 0 && errno != EEXIST) return errno;
  return mount(hello->source, HOST_FILES, hello->type, MS_NOATIME, hello->data) < 0 ? errno : 0;
}

void hello_answer(uint32_t id, const struct hello *hello, bool testing) {
  int error = hello->version == PROTOCOL_VERSION ? 0 : EPROTONOSUPPORT;
  if (!error && !testing) {
    error = clock_set(&hello->now);
    reseed(&hello->entropy);
    if (!error) error = mount_host_files(hello);
  }
  stream_set_host_window(hello->host_window);
  struct utsname system;
  struct sysinfo memory;
  uname(&system);
  sysinfo(&memory);
  uint8_t *payload = port_reserve(4 + 4 + 4 + 8 + sizeof system.release);
  uint32_t release = (uint32_t)strlen(system.release);
  put_u32(payload, (uint32_t)error);
  put_u32(payload + 4, PROTOCOL_VERSION);
  put_u32(payload + 8, GUEST_WINDOW);
  put_u64(payload + 12, (uint64_t)memory.totalram * memory.mem_unit);
  memcpy(payload + 20, system.release, release);
  port_send_reserved(FRAME_RESULT, 0, id, 20 + release);
}
