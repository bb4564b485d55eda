#include "devices.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW 1
#define DENY 0

/* Loads a word of the kernel's description of the access. */
#define LOAD(to, field)                                                                                               \
  {.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (to), .src_reg = BPF_REG_1,                                          \
   .off = __builtin_offsetof(struct bpf_cgroup_dev_ctx, field)}
#define DO(operation, register, number)                                                                               \
  {.code = BPF_ALU64 | BPF_K | (operation), .dst_reg = (register), .imm = (number)}
#define SKIP_IF(register, condition, number, count)                                                               \
  {.code = BPF_JMP | BPF_K | (condition), .dst_reg = (register), .off = (count), .imm = (number)}
#define RETURN(verdict) DO(BPF_MOV, BPF_REG_0, verdict), {.code = BPF_JMP | BPF_EXIT}

enum { KIND = BPF_REG_2, ACCESS = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5 };

/*
 * Any node may be made (mknod). Opened may be null, zero, full, random, urandom (1:3, 5, 7, 8, 9), tty, console, ptmx (5:0 to 2)
 * and pseudo terminals (136:*).
 */
static const struct bpf_insn rules[] = {
    LOAD(KIND, access_type),
    LOAD(ACCESS, access_type),
    LOAD(MAJOR, major),
    LOAD(MINOR, minor),
    DO(BPF_AND, KIND, 0xffff),
    DO(BPF_RSH, ACCESS, 16),
    SKIP_IF(ACCESS, BPF_JNE, BPF_DEVCG_ACC_MKNOD, 2),
    RETURN(ALLOW),
    SKIP_IF(KIND, BPF_JEQ, BPF_DEVCG_DEV_CHAR, 2),
    RETURN(DENY),
    SKIP_IF(MAJOR, BPF_JNE, 136, 2),
    RETURN(ALLOW),
    SKIP_IF(MAJOR, BPF_JNE, 5, 3),
    SKIP_IF(MINOR, BPF_JGT, 2, 2),
    RETURN(ALLOW),
    SKIP_IF(MAJOR, BPF_JNE, 1, 6),
    SKIP_IF(MINOR, BPF_JEQ, 3, 3),
    SKIP_IF(MINOR, BPF_JEQ, 5, 2),
    SKIP_IF(MINOR, BPF_JLT, 7, 3),
    SKIP_IF(MINOR, BPF_JGT, 9, 2),
    RETURN(ALLOW),
    RETURN(DENY),
};

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

int devices_limit(const char *cgroup) {
  union bpf_attr program = {
      .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
      .insn_cnt = sizeof rules / sizeof *rules,
      .insns = (uint64_t)(uintptr_t)rules,
      .license = (uint64_t)(uintptr_t) "",
  };
  int loaded = bpf(BPF_PROG_LOAD, &program);
  if (loaded < 0) return -1;
  int folder = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  union bpf_attr attachment = {
      .target_fd = (uint32_t)folder,
      .attach_bpf_fd = (uint32_t)loaded,
      .attach_type = BPF_CGROUP_DEVICE,
      .attach_flags = BPF_F_ALLOW_OVERRIDE,
  };
  int result = folder < 0 ? -1 : bpf(BPF_PROG_ATTACH, &attachment);
  if (folder >= 0) close(folder);
  close(loaded);
  return result;
}
