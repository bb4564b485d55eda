#include "boot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "devices.h"
#include "log.h"

#define PORT_NAME "org.wherry.agent"
#define CGROUPS "/sys/fs/cgroup"
#define RUNTIME "/usr/bin/crun"

static void attempt(int result, const char *what) {
  if (result < 0) say("%s: %s", what, strerror(errno));
}

static void make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) < 0 && errno != EEXIST) attempt(-1, path);
}

static void make_mount(const char *type, const char *target, unsigned long flags, const char *data) {
  make_folder(target, 0755);
  attempt(mount(type, target, type, flags, data), target);
}

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  attempt(fd < 0 ? -1 : (int)write(fd, text, strlen(text)), path);
  if (fd >= 0) close(fd);
}

/* The initramfs can't be the old root of a pivot_root. A bind mount of it, moved over it, can. */
static void make_root_pivotable(void) {
  make_folder("/new", 0755);
  if (mount("/", "/new", NULL, MS_BIND, NULL) < 0 || chdir("/new") < 0) die("bind /");
  if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) die("move /");
  rmdir("/new");
  attempt(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private /");
}

/*
 * The root's tmpfs is the guest's disk: writable layers, volumes, /root and /tmp share its room. The rest cannot take what
 * is left, so that who fills them is told that there is no space, and no process is ended for want of memory.
 */
static void size_root(void) { attempt(mount(NULL, "/", NULL, MS_REMOUNT, "size=65%"), "size of /"); }

static void mount_kernel_file_systems(void) {
  make_mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  make_mount("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  make_mount("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
  /* It takes its size only when it is there. */
  attempt(mount(NULL, "/dev", NULL, MS_REMOUNT | MS_NOSUID, "mode=0755,size=1m"), "size of /dev");
  make_mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666");
  make_mount("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=10%");
  make_mount("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  make_mount("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755,size=10%");
  make_mount("cgroup2", CGROUPS, MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate");
}

static void lay_out_root(void) {
  static const char *const links[][2] = {
      {"/proc/self/fd", "/dev/fd"},          {"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"},
      {"/proc/self/fd/2", "/dev/stderr"},    {"/run", "/var/run"},
  };
  make_folder("/var", 0755);
  make_folder("/var/lib", 0755);
  make_folder("/var/lib/docker", 0710);
  make_folder("/var/lib/docker/containers", 0710);
  make_folder("/tmp", 01777);
  attempt(chmod("/tmp", 01777), "/tmp");
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST) attempt(-1, links[i][1]);
}

/* Every controller, for the children of this folder. */
static void enable_controllers(const char *folder) {
  char path[256], names[256], line[512];
  snprintf(path, sizeof path, "%s/cgroup.controllers", folder);
  FILE *file = fopen(path, "re");
  if (!file) {
    attempt(-1, path);
    return;
  }
  snprintf(path, sizeof path, "%s/cgroup.subtree_control", folder);
  line[0] = 0;
  while (fscanf(file, "%255s", names) == 1)
    if (strlen(line) + strlen(names) + 3 < sizeof line) strcat(strcat(strcat(line, *line ? " " : ""), "+"), names);
  fclose(file);
  if (*line) write_text(path, line);
}

/*
 * What containers may take together, in percent of the memory. Without a limit the kernel would evict the pages of their
 * programs again and again, for minutes, before it ended the one that wants too much.
 */
#define CONTAINERS_SHARE 80

/*
 * Processes that the host's own shells may have. A fork bomb there would otherwise take all memory, which is the agent's
 * too: no signal would end it.
 */
#define HOST_PROCESSES "512"

/*
 * And processes: so many of bash's, at 90 KB each, find room in that memory, so that a fork bomb meets this limit first. To end
 * one that had filled the memory took the kernel more than a minute.
 */
#define CONTAINERS_PROCESSES "1024"

static void limit_containers(void) {
  struct sysinfo memory;
  char limit[24];
  sysinfo(&memory);
  unsigned long long total = (unsigned long long)memory.totalram * memory.mem_unit;
  snprintf(limit, sizeof limit, "%llu", total / 100 * CONTAINERS_SHARE);
  write_text(CGROUPS "/docker/memory.max", limit);
  write_text(CGROUPS "/docker/pids.max", CONTAINERS_PROCESSES);
}

/* The host's own processes live in a leaf, containers in folders below /docker. */
static void arrange_cgroups(void) {
  make_folder(CGROUPS "/host", 0755);
  make_folder(CGROUPS "/docker", 0755);
  write_text(CGROUPS "/host/cgroup.procs", "1");
  enable_controllers(CGROUPS);
  enable_controllers(CGROUPS "/docker");
  limit_containers();
  write_text(CGROUPS "/host/pids.max", HOST_PROCESSES);
  /* The engine relies on it, and gives containers no rules of their own then. */
  if (devices_limit(CGROUPS "/docker") < 0) die("devices of containers");
}

/*
 * Counts that all containers share, since all have the same root. The kernel's defaults are so small on a machine of this size
 * that one container could use them up; each of these things counts as memory of the container that has it anyway.
 */
static void raise_counts(void) {
  struct rlimit signals = {65536, 65536};
  attempt(setrlimit(RLIMIT_SIGPENDING, &signals), "limit of pending signals and timers");
  write_text("/proc/sys/fs/file-max", "2147483647");
  write_text("/proc/sys/fs/inotify/max_user_instances", "8192");
  write_text("/proc/sys/fs/inotify/max_user_watches", "1048576");
}

static void bring_up_loopback(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  attempt(ioctl(fd, SIOCGIFFLAGS, &request), "lo");
  request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
  attempt(ioctl(fd, SIOCSIFFLAGS, &request), "lo up");
  if (fd >= 0) close(fd);
}

/* crun copies itself into memory before each run unless its own file is on a read-only mount. */
static void protect_runtime(void) {
  if (access(RUNTIME, F_OK) < 0) return;
  attempt(mount(RUNTIME, RUNTIME, NULL, MS_BIND, NULL), RUNTIME);
  attempt(mount(NULL, RUNTIME, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), RUNTIME " read-only");
}

void boot(void) {
  make_root_pivotable();
  size_root();
  mount_kernel_file_systems();
  lay_out_root();
  arrange_cgroups();
  raise_counts();
  protect_runtime();
  bring_up_loopback();
  attempt(sethostname("wherry", 6), "hostname");
  /* As dockerd gives to its containers. */
  struct rlimit files = {1048576, 1048576};
  attempt(setrlimit(RLIMIT_NOFILE, &files), "limit of open files");
}

/* Finds the port's device by the name that the host gave it; the length of `device` is that of a sysfs name. */
static bool find_port(char device[300]) {
  DIR *ports = opendir("/sys/class/virtio-ports");
  const struct dirent *entry;
  bool found = false;
  while (ports && !found && (entry = readdir(ports))) {
    char name[64] = "";
    snprintf(device, 300, "/sys/class/virtio-ports/%s/name", entry->d_name);
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    found = read(fd, name, sizeof name - 1) > 0 && strncmp(name, PORT_NAME, strlen(PORT_NAME)) == 0;
    close(fd);
    snprintf(device, 300, "/dev/%s", entry->d_name);
  }
  if (ports) closedir(ports);
  return found;
}

int boot_open_port(void) {
  char device[300];
  while (!find_port(device)) usleep(10000);
  int fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) die(device);
  return fd;
}
