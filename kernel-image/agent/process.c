#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "log.h"
#include "loop.h"
#include "port.h"
#include "protocol.h"
#include "reaped.h"
#include "spawn.h"
#include "stream.h"
#include "worker.h"

#define LOG_TAIL 8192

struct process {
  uint32_t id; /* of the SPAWN request */
  pid_t pid;
  uint32_t stream, error_stream;
  struct console *console;
  /* While the runtime runs: where it will write the container's pid. NULL for what needs no adoption. */
  char *pid_file, *error_log;
  uint64_t reaped_before;
  struct process *next;
};

static struct process *processes;
static struct source children;

static struct process *find_id(uint32_t id) {
  struct process *process = processes;
  while (process && process->id != id) process = process->next;
  return process;
}

static struct process *find_pid(pid_t pid) {
  struct process *process = processes;
  while (process && process->pid != pid) process = process->next;
  return process;
}

static void free_process(struct process *process) {
  struct process **link = &processes;
  while (*link != process) link = &(*link)->next;
  *link = process->next;
  if (process->console) console_close(process->console);
  free(process->pid_file);
  free(process->error_log);
  free(process);
}

static void tell_exit(struct process *process, const struct ending *ending) {
  uint8_t payload[20];
  bool signalled = WIFSIGNALED(ending->status);
  put_u32(payload, signalled ? 0 : (uint32_t)WEXITSTATUS(ending->status));
  put_u32(payload + 4, signalled ? (uint32_t)WTERMSIG(ending->status) : 0);
  put_u64(payload + 8, (uint64_t)ending->at.tv_sec);
  put_u32(payload + 16, (uint32_t)ending->at.tv_nsec);
  port_send(FRAME_EXIT, 0, process->id, payload, sizeof payload);
  free_process(process);
}

static void answer_pid(const struct process *process) {
  uint8_t body[4];
  put_u32(body, (uint32_t)process->pid);
  port_result(process->id, 0, body, sizeof body);
}

static void drop_streams(const struct process *process) {
  stream_drop(process->stream);
  stream_drop(process->error_stream);
}

static pid_t read_pid(const char *path) {
  char text[32] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  long pid = got > 0 ? strtol(text, NULL, 10) : 0;
  return pid > 0 ? (pid_t)pid : -1;
}

/* RESULT with the runtime's exit code (128 + signal when killed) and the end of its log. */
static void answer_runtime_failed(const struct process *process, int status) {
  uint8_t *payload = port_reserve(8 + LOG_TAIL);
  uint32_t length = 0;
  int fd = *process->error_log ? open(process->error_log, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t got = pread(fd, payload + 8, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
    if (got > 0) length = (uint32_t)got;
    close(fd);
  }
  put_u32(payload, 0);
  put_u32(payload + 4, (uint32_t)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status)));
  port_send_reserved(FRAME_RESULT, FLAG_RUNTIME_FAILED, process->id, 8 + length);
}

static void fail_adoption(struct process *process, int status) {
  answer_runtime_failed(process, status);
  drop_streams(process);
  free_process(process);
}

/* The runtime has exited: from here on the process is the one that it left behind. */
static void adopt(struct process *process, const struct ending *runtime) {
  if (process->console) {
    console_close(process->console);
    process->console = NULL;
  }
  pid_t pid = runtime->status == 0 ? read_pid(process->pid_file) : -1;
  if (pid < 0) {
    fail_adoption(process, runtime->status);
    return;
  }
  free(process->pid_file);
  process->pid_file = NULL;
  process->pid = pid;
  answer_pid(process);
  struct ending ending;
  if (reaped_find(pid, process->reaped_before, &ending)) {
    tell_exit(process, &ending);
  } else if (kill(pid, 0) < 0 && errno == ESRCH) {
    /* Nobody's child, or forgotten: how it ended is not known. */
    ending = (struct ending){.status = 255 << 8, .at = runtime->at};
    tell_exit(process, &ending);
  }
}

static void children_ready(struct source *source, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  while (read(source->fd, &info, sizeof info) > 0) continue;
  for (;;) {
    struct ending ending;
    pid_t pid = waitpid(-1, &ending.status, WNOHANG);
    if (pid <= 0) break;
    clock_gettime(CLOCK_REALTIME, &ending.at);
    struct process *process = find_pid(pid);
    if (process && process->pid_file) adopt(process, &ending);
    else if (process) tell_exit(process, &ending);
    else if (!worker_reaped(pid)) reaped_add(pid, &ending);
  }
}

void process_start(void) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  /* Blocked, not ignored: an ignored signal would be inherited through execve. */
  sigaddset(&blocked, SIGPIPE);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  sigdelset(&blocked, SIGPIPE);
  children = (struct source){.fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK), .ready = children_ready};
  if (children.fd < 0) die("signalfd");
  loop_watch(&children, EPOLLIN);
}

static void open_streams(const struct spawn_request *request, const struct stdio *stdio) {
  if (request->flags & SPAWN_TTY)
    stream_open(request->stream, STREAM_TTY, stdio->terminal, fcntl(stdio->terminal, F_DUPFD_CLOEXEC, 3));
  else if (request->flags & (SPAWN_STDIN | SPAWN_STDOUT))
    stream_open(request->stream, STREAM_PIPES, stdio->stdout_end, stdio->stdin_end);
  if (request->flags & SPAWN_STDERR) stream_open(request->error_stream, STREAM_PIPES, stdio->stderr_end, -1);
}

static bool prepare_console(struct process *process, const struct spawn_request *request) {
  process->console = console_listen(request->console_socket, request->rows, request->columns, request->stream, stream_attach);
  if (!process->console) return false;
  stream_open_later(request->stream);
  return true;
}

void process_spawn(uint32_t id, const struct spawn_request *request) {
  if (find_id(id) || stream_exists(request->stream) || stream_exists(request->error_stream)) {
    port_result(id, EEXIST, NULL, 0);
    return;
  }
  struct process *process = calloc(1, sizeof *process);
  if (!process) die("calloc");
  process->id = id;
  process->stream = request->stream;
  process->error_stream = request->error_stream;
  process->reaped_before = reaped_count();
  process->next = processes;
  processes = process;
  if (request->flags & SPAWN_ADOPT) {
    process->pid_file = strdup(request->pid_file);
    process->error_log = strdup(request->error_log);
    if (!process->pid_file || !process->error_log) die("strdup");
  }
  struct stdio stdio;
  int error = 0;
  if ((request->flags & SPAWN_CONSOLE_SOCKET) && !prepare_console(process, request)) error = errno;
  if (!error) error = spawn(request, &stdio, &process->pid);
  if (error) {
    process->pid = 0;
    drop_streams(process);
    port_result(id, error, NULL, 0);
    free_process(process);
    return;
  }
  open_streams(request, &stdio);
  if (!process->pid_file) answer_pid(process);
}

void process_answer_kill(uint32_t id, const struct kill_request *request) {
  pid_t pid = request->pid;
  if (request->process) {
    const struct process *process = find_id(request->process);
    pid = process ? process->pid : 0;
  }
  /* 0 would be the agent's own group, -1 everyone. */
  int error = pid == 0 || pid == -1 ? ESRCH : kill(pid, (int)request->signal) < 0 ? errno : 0;
  port_result(id, error, NULL, 0);
}

void process_answer_resize(uint32_t id, const struct resize_request *request) {
  const struct process *process = find_id(request->process);
  int terminal = process ? stream_terminal(process->stream) : -1;
  port_result(id, terminal < 0 ? ESRCH : terminal_resize(terminal, request->rows, request->columns), NULL, 0);
}

void process_drop_all(void) {
  while (processes) free_process(processes);
}
