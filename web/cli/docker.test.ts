import { describe, expect, it } from "vitest";
import { docker } from "./docker.ts";
import { FakeEngine, FakeTerminal } from "./testing/fake-engine.ts";
import { MemoryContext } from "./testing/memory-context.ts";

const created = () => Response.json({ Id: "c1", Warnings: [] }, { status: 201 });
const noContent = () => new Response(null, { status: 204 });
const terminalSize = { rows: 24, columns: 80 };

/** An engine whose container c1 has a terminal, and how it ends. */
function interactive() {
  const terminal = new FakeTerminal();
  let end: (exitCode: number) => void = () => {};
  const exit = new Promise<number>((resolve) => {
    end = resolve;
  });
  const engine = new FakeEngine(
    {
      "POST /containers/create": created,
      // As the engine does, the header is answered at once and the body when the container ends.
      "POST /containers/c1/wait": () =>
        new Response(
          new ReadableStream({
            start: async (controller) => {
              controller.enqueue(new TextEncoder().encode(JSON.stringify({ StatusCode: await exit })));
              controller.close();
            },
          }),
        ),
      "POST /containers/c1/start": noContent,
      "POST /containers/c1/resize": noContent,
      "POST /containers/c1/kill": noContent,
    },
    terminal.connection,
  );
  return { terminal, engine, end };
}

describe("docker run -it", () => {
  it("makes the terminal raw, passes keys and output, follows its size and ends with the container's exit code", async () => {
    const { terminal, engine, end } = interactive();
    const context = new MemoryContext(["run", "-it", "busybox", "sh"], { terminal: terminalSize });
    const running = docker(context, engine);
    terminal.print("/ # ");
    await expect.poll(() => context.out).toBe("/ # ");
    expect(context.rawChanges).toEqual([true]);
    context.type("exit 3\r");
    await expect.poll(() => terminal.received).toBe("exit 3\r");
    await expect.poll(() => engine.requests).toContain("POST /containers/c1/resize?h=24&w=80");
    context.resize({ rows: 30, columns: 100 });
    await expect.poll(() => engine.requests).toContain("POST /containers/c1/resize?h=30&w=100");
    terminal.end();
    end(3);
    expect(await running).toBe(3);
    expect(context.rawChanges).toEqual([true, false]);
  });

  it("asks to wait before it starts the container", async () => {
    const { terminal, engine, end } = interactive();
    const running = docker(new MemoryContext(["run", "-it", "--rm", "busybox"], { terminal: terminalSize }), engine);
    terminal.end();
    end(0);
    expect(await running).toBe(0);
    const order = engine.requests.filter((each) => /attach|wait|start/.test(each)).map((each) => each.split("?")[0]);
    expect(order).toEqual(["UPGRADE /containers/c1/attach", "POST /containers/c1/wait", "POST /containers/c1/start"]);
    expect(engine.requests).toContain("POST /containers/c1/wait?condition=removed");
  });

  it("leaves the container running when the detach keys are typed", async () => {
    const { terminal, engine } = interactive();
    const context = new MemoryContext(["run", "-it", "busybox"], { terminal: terminalSize });
    const running = docker(context, engine);
    terminal.print("# ");
    await expect.poll(() => context.out).toBe("# ");
    context.type("ls\u0010");
    context.type("\u0011");
    expect(await running).toBe(0);
    expect(terminal.received).toBe("ls");
    expect(context.rawChanges).toEqual([true, false]);
  });

  it("passes signals on to the container instead of ending", async () => {
    const { terminal, engine, end } = interactive();
    const context = new MemoryContext(["run", "busybox"]);
    const running = docker(context, engine);
    await expect.poll(() => engine.requests).toContain("POST /containers/c1/start");
    context.raise("TERM");
    await expect.poll(() => engine.requests).toContain("POST /containers/c1/kill?signal=TERM");
    terminal.end();
    end(143);
    expect(await running).toBe(143);
  });
});

describe("docker run", () => {
  it("ends at the third signal, whatever the container makes of them", async () => {
    const { engine } = interactive();
    const context = new MemoryContext(["run", "busybox"]);
    const running = docker(context, engine);
    await expect.poll(() => engine.requests).toContain("POST /containers/c1/start");
    for (const signal of ["INT", "TERM", "INT"]) context.raise(signal);
    expect(await running).toBe(1);
    expect(context.err).toBe("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n");
  });

  it("writes events as JSON without the escapes of Go's encoder", async () => {
    const sent = '{"Action":"exec_create: sh -c a \\u003e\\u00262 \\\\u003e"}\n';
    const engine = new FakeEngine({ "GET /events": () => new Response(sent) });
    const context = new MemoryContext(["events", "--format", "json"]);
    expect(await docker(context, engine)).toBe(0);
    expect(context.out).toBe('{"Action":"exec_create: sh -c a >&2 \\\\u003e"}\n');
  });

  it("ends as a broken pipe ends a program when its output has no reader any more", async () => {
    const { terminal, engine } = interactive();
    terminal.print("\u0001\0\0\0\0\0\0\u0002y\n");
    const context = new MemoryContext(["run", "busybox", "yes"], { stdoutClosed: true });
    expect(await docker(context, engine)).toBe(141);
  });
});

describe("docker run of an image that is not there", () => {
  const progress = [
    { status: "Pulling from library/hello", id: "latest" },
    { status: "Pulling fs layer", progressDetail: {}, id: "aaa" },
    { status: "Downloading", progressDetail: { current: 500, total: 1000 }, id: "aaa" },
    { status: "Pull complete", progressDetail: {}, id: "aaa" },
    { status: "Status: Downloaded newer image for hello:latest" },
  ];
  const engine = () => {
    let pulled = false;
    return new FakeEngine({
      "POST /containers/create": () =>
        pulled ? created() : Response.json({ message: "No such image: hello:latest" }, { status: 404 }),
      "POST /images/create": () => {
        pulled = true;
        return new Response(progress.map((each) => `${JSON.stringify(each)}\r\n`).join(""));
      },
      "POST /containers/c1/start": noContent,
    });
  };

  it("pulls it with plain lines on stderr", async () => {
    const context = new MemoryContext(["run", "-d", "hello"]);
    expect(await docker(context, engine())).toBe(0);
    expect(context.out).toBe("c1\n");
    expect(context.err).toBe(
      [
        "Unable to find image 'hello:latest' locally",
        "latest: Pulling from library/hello",
        "aaa: Pulling fs layer",
        "aaa: Pull complete",
        "Status: Downloaded newer image for hello:latest",
        "",
      ].join("\n"),
    );
  });

  it("pulls it with a bar for each layer on a terminal", async () => {
    const context = new MemoryContext(["run", "-d", "hello"], { terminal: { rows: 24, columns: 120 } });
    expect(await docker(context, engine())).toBe(0);
    const bar = `[${"=".repeat(25)}>${" ".repeat(25)}]     500B/1kB`;
    expect(context.err).toContain("\n\u001b[1A\u001b[2K\raaa: Pulling fs layer \r\u001b[1B");
    expect(context.err).toContain(`\u001b[1A\u001b[2K\raaa: Downloading ${bar}\r\u001b[1B`);
  });

  it("says what the registry said when the pull fails", async () => {
    const failing = new FakeEngine({
      "POST /containers/create": () => Response.json({ message: "No such image: hello:latest" }, { status: 404 }),
      "POST /images/create": () => Response.json({ message: "pull access denied for hello" }, { status: 404 }),
    });
    const context = new MemoryContext(["run", "hello"]);
    expect(await docker(context, failing)).toBe(125);
    expect(context.err).toContain(
      "docker: Error response from daemon: pull access denied for hello\n\nRun 'docker run --help'",
    );
  });
});

describe("docker", () => {
  it("ends a command that follows something with 130 on an interrupt, silently", async () => {
    const engine = new FakeEngine({
      "GET /events": (request) =>
        new Response(
          new ReadableStream({
            start: (controller) =>
              request.signal.addEventListener("abort", () => controller.error(request.signal.reason)),
          }),
        ),
    });
    const context = new MemoryContext(["events"]);
    const running = docker(context, engine);
    await expect.poll(() => engine.requests).toContain("GET /events");
    context.raise("INT");
    expect(await running).toBe(130);
    expect(context.err).toBe("");
  });

  it("ends as a broken pipe ends a program when nobody reads its output", async () => {
    const engine = new FakeEngine({ "GET /networks": () => Response.json([]) });
    const context = new MemoryContext(["network", "ls"], { stdoutClosed: true });
    expect(await docker(context, engine)).toBe(141);
  });

  it("takes an interruption at a question for a no", async () => {
    const engine = new FakeEngine({});
    const context = new MemoryContext(["network", "prune"], { terminal: terminalSize });
    const running = docker(context, engine);
    await expect.poll(() => context.out).toContain("[y/N] ");
    context.raise("INT");
    expect(await running).toBe(0);
    expect(context.out.endsWith("[y/N] \n")).toBe(true);
    expect(engine.requests).toEqual([]);
  });

  it("leaves the process of an exec that is interrupted alone, and ends with 0", async () => {
    const terminal = new FakeTerminal();
    const engine = new FakeEngine(
      {
        "GET /containers/web/json": () => Response.json({ Id: "web", Config: {}, State: {} }),
        "POST /containers/web/exec": () => Response.json({ Id: "e1" }, { status: 201 }),
      },
      terminal.connection,
    );
    const context = new MemoryContext(["exec", "web", "sleep", "100"]);
    const running = docker(context, engine);
    await expect.poll(() => engine.requests.at(-1)).toBe("UPGRADE /exec/e1/start");
    context.raise("INT");
    expect(await running).toBe(0);
  });

  it.each([
    [["compose", "up", "-d"], "docker compose is not implemented yet\n"],
    [["buildx", "build", "-t", "x", "."], "docker buildx is not implemented yet\n"],
    [["context", "create", "x", "--docker", "host=tcp://h"], "docker context create is not implemented\n"],
    [
      ["service", "create", "--replicas", "2", "nginx"],
      "Error response from daemon: This node is not a swarm manager.\n",
    ],
  ])("%j tells that it is not there, whatever flags it has", async (args, message) => {
    const engine = new FakeEngine({
      "GET /nodes": () => Response.json({ message: "This node is not a swarm manager." }, { status: 503 }),
    });
    const context = new MemoryContext(args);
    expect(await docker(context, engine)).toBe(1);
    expect(context.err).toBe(message);
  });

  it("shows the help of a command that is not there", async () => {
    const context = new MemoryContext(["service", "create", "--replicas", "2", "--help"]);
    expect(await docker(context, new FakeEngine({}))).toBe(0);
    expect(context.out).toContain("Usage:  docker service create [OPTIONS]");
  });

  it("says so when the engine cannot be reached", async () => {
    const engine = new FakeEngine({
      "GET /containers/json": () => {
        throw new Error("connect ENOENT");
      },
    });
    const context = new MemoryContext(["ps"], { env: { DOCKER_HOST: "unix:///nope" } });
    expect(await docker(context, engine)).toBe(1);
    expect(context.err).toBe("Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?\n");
  });

  it("reads --env-file and writes --cidfile through the caller's files", async () => {
    let body: { Env?: string[] } = {};
    const engine = new FakeEngine({
      "POST /containers/create": async (request) => {
        body = (await request.json()) as { Env?: string[] };
        return created();
      },
    });
    const files = { "/root/env": "# comment\nA=1\n\nHOME\nB= x \n" };
    const context = new MemoryContext(["create", "--env-file", "env", "-e", "C", "--cidfile", "cid", "hello"], {
      files,
    });
    expect(await docker(context, engine)).toBe(0);
    expect(body.Env).toEqual(["A=1", "HOME=/root", "B= x ", "C"]);
    expect(new TextDecoder().decode(context.content.get("/root/cid"))).toBe("c1");
  });

  it("keeps credentials in config.json and sends them with a pull", async () => {
    const engine = new FakeEngine({
      "POST /auth": () => Response.json({ Status: "Login Succeeded", IdentityToken: "" }),
      "POST /images/create": (request) => Response.json({ status: atob(request.headers.get("X-Registry-Auth") ?? "") }),
    });
    const login = new MemoryContext(["login", "-u", "me", "--password-stdin", "reg.example"], { stdin: "secret\n" });
    expect(await docker(login, engine)).toBe(0);
    expect(login.out).toBe("Login Succeeded\n");
    const config = new TextDecoder().decode(login.content.get("/root/.docker/config.json"));
    expect(JSON.parse(config)).toEqual({ auths: { "reg.example": { auth: btoa("me:secret") } } });
    const pull = new MemoryContext(["pull", "reg.example/x:1"], { files: { "/root/.docker/config.json": config } });
    await docker(pull, engine);
    expect(pull.out).toContain('"username":"me","password":"secret"');
  });
});

describe("docker __complete", () => {
  const containers = [
    { Names: ["/web"], State: "running", NetworkSettings: { Networks: { net: {} } } },
    { Names: ["/old"], State: "exited" },
  ];
  const engine = () => new FakeEngine({ "GET /containers/json": () => Response.json(containers) });

  it.each([
    [["ren"], "rename\tRename a container\n:4\n"],
    [["volume", "pr"], "prune\tRemove unused local volumes\n:4\n"],
    [["ps", "--no"], "--no-trunc\tDon't truncate output\n:4\n"],
    [["start", ""], "old\n:4\n"],
    [["exec", "-i", ""], "web\n:4\n"],
    [["rm", ""], "old\n:4\n"],
    [["rm", "-f", "web", ""], "web\nold\n:4\n"],
    [["wait", ""], "web\n:4\n"],
    [["commit", ""], "web\n:4\n"],
    [["network", "connect", "net", ""], "old\n:4\n"],
    [["network", "disconnect", "net", ""], "web\n:4\n"],
    [["kill", "-s", "US"], "USR1\nUSR2\n:4\n"],
    [["run", "--ulimit", "no"], "nofile=\n:2\n"],
    [["run", "--memory", ""], ":4\n"],
    [["events", "-f", "c"], "container=\n:2\n"],
    [["-c", ""], "default\n:4\n"],
    [["run", "--pull", "m"], "missing\n:4\n"],
    [["run", "--pull=m"], "missing\n:4\n"],
    [["exec", "web", ""], "web\n:4\n"],
    [["run", "busybox", ""], ":4\n"],
    [["search", ""], ":0\n"],
    [["build", ""], ":16\n"],
    [["ser"], "service\tManage Swarm services\n:4\n"],
    [["run", "--cpu-co"], "--cpu-count\tCPU count (Windows only)\n:4\n"],
    [["run", "--net-"], ":4\n"],
    [["kill", "-s", "RTMIN+15"], "RTMIN+15\n:4\n"],
    [["run", "--restart", ""], "no\nalways\non-failure\nunless-stopped\n:4\n"],
    [["run", "--pid", ""], "container:\nhost\n:4\n"],
    [["run", "--ipc", "c"], "container:\n:2\n"],
    [["run", "--ipc", "container:w"], "container:web\n:4\n"],
    [["run", "--link", "w"], "web:\n:2\n"],
    [["run", "--security-opt", "app"], "apparmor=\n:2\n"],
    [["run", "--security-opt", "label=d"], "label=disable\n:6\n"],
    [["run", "--log-opt", "max-f"], "max-file=\n:2\n"],
    [["run", "--log-driver", "local", "--log-opt", "max"], "max-buffer-size=\nmax-file=\nmax-size=\n:6\n"],
    [["run", "--log-driver=journald", "--log-opt", "max-f"], ":6\n"],
    [["events", "--filter", "container=o"], "container=old\n:4\n"],
    [["events", "--filter", "event=di"], "event=die\nevent=disable\nevent=disconnect\n:4\n"],
    [["events", "--filter", "label="], ":4\n"],
    [["run", "--env-file", ""], ":0\n"],
    [["run", "-v", "/et"], ":0\n"],
  ])("offers for %j what fits", async (words, expected) => {
    const context = new MemoryContext(["__complete", ...words]);
    expect(await docker(context, engine())).toBe(0);
    expect(context.out).toBe(expected);
  });
});

describe("docker stats", () => {
  it("ends when the engine goes, as Docker's does", async () => {
    let stop: () => void = () => {};
    const events = new ReadableStream<Uint8Array>({
      start: (controller) => {
        stop = () => controller.error(new Error("the connection was closed"));
      },
    });
    const engine = new FakeEngine({
      "GET /events": () => new Response(events),
      "GET /containers/json": () => Response.json([]),
    });
    const context = new MemoryContext(["stats"]);
    const running = docker(context, engine);
    await expect.poll(() => context.out).toContain("CONTAINER ID");
    stop();
    expect([await running, context.err]).toEqual([0, ""]);
  });
});
