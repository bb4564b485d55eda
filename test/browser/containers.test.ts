import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../support/chromium.ts";
import { type PageServer, startPageServer } from "../support/page-server.ts";
import type { TerminalDriver } from "../support/terminal.ts";
import { openPage, type WherryPage } from "../support/wherry-page.ts";

let server: PageServer;
let browser: Browser;
let wherry: WherryPage;
let terminal: TerminalDriver;

beforeAll(async () => {
  server = await startPageServer();
  browser = await openBrowser();
  wherry = await openPage(browser.context, server.origin);
  terminal = wherry.terminal;
  await terminal.ready();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("docker run hello-world", async () => {
  const screen = await terminal.does("docker run hello-world");
  expect(screen).toContain("Hello from Docker!");
  expect(screen).toContain("Wherry");
});

describe("docker run -it --rm debian bash", () => {
  test("gives a shell with colours", async () => {
    await terminal.enter("clear; docker run -it --rm debian bash");
    await terminal.shows(/root@[0-9a-f]{12}:\/#\s*$/);
    await terminal.enter("clear; cat /etc/os-release | head -1; ls --color=always -d /usr");
    await terminal.shows(/Debian GNU\/Linux 12[\s\S]*\/usr/);
    const colour = await wherry.page
      .locator(".xterm-rows span", { hasText: /^\/usr$/ })
      .last()
      .evaluate((span) => getComputedStyle(span).color);
    const plain = await wherry.page
      .locator(".xterm-rows")
      .first()
      .evaluate((rows) => getComputedStyle(rows).color);
    expect(colour).not.toBe(plain);
  });

  test("follows the size of the window", async () => {
    await terminal.enter("clear; stty size");
    const before = /(\d+) (\d+)/.exec(await terminal.shows(/^\d+ \d+$/m));
    await wherry.page.setViewportSize({ width: 800, height: 500 });
    await terminal.enter(`clear; until stty size | grep -v '^${before?.[0]}$'; do sleep .1; done; echo resized`);
    const after = /(\d+) (\d+)/.exec(await terminal.shows(/^\d+ \d+\s+resized/m));
    expect(Number(after?.[1])).toBeLessThan(Number(before?.[1]));
    expect(Number(after?.[2])).toBeLessThan(Number(before?.[2]));
    await wherry.page.setViewportSize({ width: 1100, height: 720 });
  });

  test("is interrupted by Ctrl-C, and recalls its history with the arrow keys", async () => {
    await terminal.enter("clear; echo first-$((20+3)); sleep 1000");
    await terminal.shows(/first-23/);
    await terminal.press("Control+C");
    await terminal.shows(/\^C[\s\S]*#\s*$/);
    await terminal.enter("clear; echo second-$((20+4))");
    await terminal.shows(/second-24[\s\S]*#\s*$/);
    await terminal.press("ArrowUp", "ArrowUp", "Home");
    await terminal.shows(/#\s+clear; echo first-\$\(\(20\+3\)\); sleep 1000\s*$/);
    await terminal.press("Control+C");
    await terminal.shows(/#\s*$/);
  });

  test("is left with Ctrl-P Ctrl-Q, which does not print the page, and goes on", async () => {
    const pressed = await wherry.page.evaluateHandle(() => {
      const seen: KeyboardEvent[] = [];
      addEventListener("keydown", (event) => event.code === "KeyP" && seen.push(event), { capture: true });
      return seen;
    });
    await terminal.press("Control+P", "Control+Q");
    await terminal.shows(/root@wherry:~#\s*$/);
    expect(await pressed.evaluate((seen) => seen.map((event) => event.defaultPrevented))).toEqual([true]);
    expect(await terminal.does("docker ps")).toMatch(/debian\s+"bash"\s+.*Up /);
    await terminal.enter("clear; docker attach $(docker ps -q)");
    await terminal.press("Enter");
    await terminal.shows(/root@[0-9a-f]{12}:\/#\s*$/);
    await terminal.enter("exit");
    await terminal.shows(/root@wherry:~#\s*$/);
    expect(await terminal.does("docker ps -aq | wc -l")).toBe("1");
  });
});

describe("a container in the background", () => {
  test("runs, and is listed", async () => {
    expect(await terminal.does("docker run -d --name web busybox sleep 1000")).toMatch(/^[0-9a-f]{64}$/m);
    expect(await terminal.does("docker ps")).toMatch(/^[0-9a-f]{12}\s+busybox\s+"sleep 1000"\s+.*Up .*\s+web$/m);
  });

  test("is entered with exec", async () => {
    expect(await terminal.does("docker exec -e X=y -w /tmp -u nobody web sh -c 'echo $X; pwd; id -un'")).toBe(
      "y\n/tmp\nnobody",
    );
    await terminal.enter("clear; docker exec -it web sh");
    await terminal.shows(/\/ #\s*$/);
    await terminal.enter("tty; exit 3");
    await terminal.shows(/\/dev\/pts\/\d+[\s\S]*root@wherry:~#\s*$/);
    expect((await terminal.run("docker exec web sh -c 'exit 7'")).code).toBe(7);
  });

  test("is stopped, started, killed, restarted and waited for", async () => {
    expect(await terminal.does("docker stop -t 0 web; docker ps -a --format '{{.Names}} {{.Status}}'")).toMatch(
      /^web\nweb Exited \(137\)/,
    );
    await terminal.does("docker start web");
    await terminal.does("docker kill web");
    expect(await terminal.does("docker wait web")).toBe("137");
    await terminal.does("docker restart web");
    expect(await terminal.does("docker inspect -f '{{.State.Status}} {{.RestartCount}}' web")).toBe("running 0");
  });

  test("shows its logs as they come", async () => {
    await terminal.does(
      "docker run -d --name talk busybox sh -c 'i=0; while true; do echo line $i; i=$((i+1)); sleep 1; done'",
    );
    await terminal.enter("clear; docker logs -f talk");
    await terminal.shows(/line 0\nline 1\nline 2/);
    await terminal.press("Control+C");
    await terminal.shows(/root@wherry:~#\s*$/);
  });

  test("is seen from the host, with its processes and cgroups", async () => {
    expect(await terminal.does("ps | grep '[s]leep 1000'")).toContain("sleep 1000");
    const pid = await terminal.does("docker inspect -f '{{.State.Pid}}' web");
    expect(await terminal.does(`tr '\\0' ' ' < /proc/${pid}/cmdline`)).toBe("sleep 1000");
    expect(await terminal.does(`cat /sys/fs/cgroup$(cut -d: -f3 /proc/${pid}/cgroup)/cgroup.procs`)).toContain(pid);
  });

  test("goes with all others by rm -f $(docker ps -aq)", async () => {
    const removed = await terminal.does("docker rm -f $(docker ps -aq)");
    expect(removed.split("\n").length).toBe(3);
    expect(await terminal.does("docker ps -aq | wc -l")).toBe("0");
  });
});

describe("streams and files of the host's shell", () => {
  test("a pipe feeds docker run -i, and its output goes to a file", async () => {
    expect(await terminal.does("echo x | docker run --rm -i busybox cat > file; cat file")).toBe("x");
  });

  test("a folder of the host is bound with -v", async () => {
    await terminal.does("mkdir -p work && cd work && echo from-host > in");
    await terminal.does("docker run --rm -v $PWD:/w -w /w busybox sh -c 'cat in > out; echo and-back >> out'");
    expect(await terminal.does("cat out; cd")).toBe("from-host\nand-back");
  });

  test("a container that mounts the Docker socket speaks to the engine", async () => {
    await terminal.does("docker run -d --name sock -v /var/run/docker.sock:/var/run/docker.sock debian sleep 1000");
    const program =
      'connect(S, pack_sockaddr_un("/var/run/docker.sock")); syswrite(S, "GET /_ping HTTP/1.0\\r\\n\\r\\n"); print <S>';
    const screen = await terminal.does(
      `docker exec sock perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); ${program}'`,
    );
    expect(screen).toMatch(/HTTP\/1\.[01] 200 OK[\s\S]*OK$/);
    await terminal.does("docker rm -f sock");
  });
});

describe("images and the engine", () => {
  test("images, tag, inspect and rmi", async () => {
    expect(await terminal.does("docker images")).toMatch(/^REPOSITORY\s+TAG\s+IMAGE ID\s+CREATED\s+SIZE$/m);
    await terminal.does("docker tag busybox mine:1.0");
    expect(await terminal.does("docker images mine")).toMatch(/^mine\s+1\.0\s+[0-9a-f]{12}/m);
    expect(await terminal.does("docker image inspect -f '{{.Os}}/{{.Architecture}}' mine:1.0")).toBe("linux/386");
    expect(await terminal.does("docker rmi mine:1.0")).toBe("Untagged: mine:1.0");
  });

  test("version and info", async () => {
    const version = await terminal.does("docker version");
    expect(version).toMatch(/Client:[\s\S]*Server: [\s\S]*API version:\s+1\.51/);
    expect(await terminal.does("docker info --format '{{.OSType}}/{{.Architecture}} {{.CgroupVersion}}'")).toBe(
      "linux/i686 2",
    );
  });

  test("events tell what happens", async () => {
    await terminal.enter("clear; (sleep 1; docker run --rm busybox true) & docker events --filter type=container");
    await terminal.shows(/container create[\s\S]*container start[\s\S]*container die[\s\S]*container destroy/);
    await terminal.press("Control+C");
    await terminal.shows(/root@wherry:~#\s*$/);
  });

  test("what is wrong is said in Docker's words", async () => {
    const unknown = await terminal.run("docker inspect nothing-here");
    expect(unknown).toEqual({ code: 1, screen: "[]\nError: No such object: nothing-here" });
    const missing = await terminal.run("docker run busybox no-such-program");
    expect(missing.code).toBe(127);
    expect(missing.screen.replaceAll("\n", "")).toContain("executable file not found in $PATH");
  });
});

test("nothing was refused by the page's policy, and nothing failed", () => {
  expect(wherry.complaints).toEqual([]);
});
