import { describe, expect, it } from "vitest";
import type { UpgradedConnection } from "./engine-api.ts";
import { ask, type Fakes, messageOf, noSuchContainer, routerWith } from "./fake-backends.ts";

const created = async () => ({ Id: "c1", Warnings: [] });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function streamOf<T>(...values: readonly T[]): ReadableStream<T> {
  return new ReadableStream<T>({
    start(controller) {
      for (const value of values) controller.enqueue(value);
      controller.close();
    },
  });
}

describe("ContainerCreate", () => {
  it("hands the decoded request over: names in any case, null as absent, a string as a command", async () => {
    const { router, calls } = routerWith({ containers: { create: created } });
    const response = await ask(router, "POST /v1.51/containers/create?name=web&platform=linux/i386", {
      image: "busybox",
      Cmd: "sh",
      Env: null,
      Unknown: { ignored: true },
      HostConfig: { Memory: 67108864, MaskedPaths: [], ReadonlyPaths: null, PortBindings: { "80/tcp": null } },
      NetworkingConfig: { EndpointsConfig: { bridge: null } },
    });
    expect([response.status, await response.json()]).toEqual([201, { Id: "c1", Warnings: [] }]);
    expect(calls[0]?.[1]).toMatchObject({
      name: "web",
      platform: { os: "linux", architecture: "386" },
      request: {
        Image: "busybox",
        Cmd: ["sh"],
        HostConfig: { Memory: 67108864, MaskedPaths: [], PortBindings: { "80/tcp": null } },
        NetworkingConfig: { EndpointsConfig: { bridge: null } },
      },
    });
    const [options] = (calls[0] ?? []).slice(1) as [{ request: object }];
    expect(Object.keys(options.request).sort()).toEqual(["Cmd", "HostConfig", "Image", "NetworkingConfig"]);
  });

  it("keeps a label named __proto__ a label", async () => {
    const { router, calls } = routerWith({ containers: { create: created } });
    await ask(router, "POST /containers/create", '{"Image":"x","Labels":{"__proto__":"a"}}');
    const [options] = (calls[0] ?? []).slice(1) as [{ request: { Labels: object } }];
    expect(Object.entries(options.request.Labels)).toEqual([["__proto__", "a"]]);
  });

  it.each([
    ["", "invalid JSON: got EOF while reading request body"],
    ["{", "invalid JSON: unexpected EOF"],
    ['{"Image":"zz"} x', "unexpected content after JSON"],
    ['{"Image":3} x', "invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string"],
    ['{"Image":}', "invalid JSON: invalid character '}' looking for beginning of value"],
    ['{"Image":3}', "invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string"],
    [
      '{"HostConfig":{"Memory":"1g"}}',
      "invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64",
    ],
    ["[]", "invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest"],
    ['{"HostConfig":{"Memory":1}}', "config cannot be empty in order to create a container"],
    ["{}", "config cannot be empty in order to create a container"],
  ])("refuses the body %j", async (body, message) => {
    const { router, calls } = routerWith({ containers: { create: created } });
    const response = await ask(router, "POST /containers/create", body);
    expect([response.status, await messageOf(response)]).toEqual([400, message]);
    expect(calls).toEqual([]);
  });

  it("refuses other content types and bodies without end", async () => {
    const { router } = routerWith({ containers: { create: created } });
    const text = await ask(router, "POST /containers/create", "{}", { "Content-Type": "text/plain" });
    expect(await messageOf(text)).toBe("unsupported Content-Type header (text/plain): must be 'application/json'");
    for (const [type, reason] of [
      ["application/json; x", "invalid media parameter"],
      ["application/json, text/plain", "unexpected content after media subtype"],
      ["/", "no media type"],
      ["a/b/c", "unexpected content after media subtype"],
      ["text/", "expected token after slash"],
    ] as const) {
      const malformed = await ask(router, "POST /containers/create", "{}", { "Content-Type": type });
      expect(await messageOf(malformed)).toBe(`malformed Content-Type header (${type}): mime: ${reason}`);
    }
    for (const type of ["APPLICATION/JSON", "application/json;", 'application/json; charset="utf-8"; a=b']) {
      const read = await ask(router, "POST /containers/create", "{", { "Content-Type": type });
      expect(await messageOf(read)).toBe("invalid JSON: unexpected EOF");
    }
    const large = await ask(router, "POST /containers/create", " ".repeat((8 << 20) + 1));
    expect([large.status, await messageOf(large)]).toEqual([400, "request body too large: more than 8388608 bytes"]);
  });
});

describe("ContainerList", () => {
  it("reads its query", async () => {
    const { router, calls } = routerWith({ containers: { list: async () => [] } });
    const filters = encodeURIComponent('{"label":{"a":true,"b":false},"status":["exited","created"]}');
    const response = await ask(router, `GET /containers/json?all=banana&size=0&limit=3&filters=${filters}`);
    expect(await response.text()).toBe("[]\n");
    const filtered = new Map([
      ["label", ["a"]],
      ["status", ["exited", "created"]],
    ]);
    expect(calls[0]?.[1]).toEqual({ all: true, size: false, limit: 3, filters: filtered });
  });

  it.each([
    ["filters=x", "invalid filter"],
    ["filters=[]", "invalid filter"],
    ['filters={"label":[1]}', "invalid filter"],
    ["limit=x", 'strconv.Atoi: parsing "x": invalid syntax'],
    ["limit=99999999999999999999", 'strconv.Atoi: parsing "99999999999999999999": value out of range'],
  ])("refuses %s", async (query, message) => {
    const { router } = routerWith({ containers: { list: async () => [] } });
    const response = await ask(router, `GET /containers/json?${query}`);
    expect([response.status, await messageOf(response)]).toEqual([400, message]);
  });
});

describe("ContainerWait", () => {
  it("answers its head before the container exits", async () => {
    let exit: (outcome: { StatusCode: number }) => void = () => undefined;
    const result = new Promise<{ StatusCode: number }>((resolve) => {
      exit = resolve;
    });
    const { router } = routerWith({ containers: { wait: async () => ({ result }) } });
    const response = await ask(router, "POST /containers/x/wait?condition=next-exit");
    expect(response.status).toBe(200);
    exit({ StatusCode: 3 });
    expect(await response.json()).toEqual({ StatusCode: 3 });
  });

  it("refuses an unknown condition", async () => {
    const { router } = routerWith({});
    const response = await ask(router, "POST /containers/x/wait?condition=foo");
    expect([response.status, await messageOf(response)]).toEqual([400, 'invalid condition: "foo"']);
  });
});

describe("ContainerLogs", () => {
  const logs = (tty: boolean): Fakes => ({
    containers: {
      logs: async () => ({
        tty,
        frames: streamOf(
          { stream: "stdout" as const, bytes: bytes("out") },
          { stream: "stderr" as const, bytes: bytes("err!") },
        ),
      }),
    },
  });

  it("frames the streams, and says so from 1.42 on", async () => {
    const { router, calls } = routerWith(logs(false));
    const response = await ask(
      router,
      "GET /v1.51/containers/x/logs?stdout=1&stderr=1&tail=5&since=1700000000.000000007",
    );
    expect(response.headers.get("Content-Type")).toBe("application/vnd.docker.multiplexed-stream");
    const body = new Uint8Array(await response.arrayBuffer());
    expect([...body]).toEqual([1, 0, 0, 0, 0, 0, 0, 3, ...bytes("out"), 2, 0, 0, 0, 0, 0, 0, 4, ...bytes("err!")]);
    expect(calls[0]?.[2]).toMatchObject({ tail: 5, since: 1700000000000000007n, follow: false });
    const old = await ask(routerWith(logs(false)).router, "GET /v1.41/containers/x/logs?stdout=1&tail=all");
    expect(old.headers.get("Content-Type")).toBe("application/vnd.docker.raw-stream");
  });

  it("leaves a terminal's bytes as they are", async () => {
    const response = await ask(routerWith(logs(true)).router, "GET /containers/x/logs?stdout=1");
    expect(response.headers.get("Content-Type")).toBe("application/vnd.docker.raw-stream");
    expect(await response.text()).toBe("outerr!");
  });

  it("wants a stream", async () => {
    const response = await ask(routerWith(logs(true)).router, "GET /containers/x/logs?since=x");
    expect(await messageOf(response)).toBe("Bad parameters: you must choose at least one stream");
  });
});

describe("ContainerAttach", () => {
  const upgrade = async (
    fakes: Fakes,
    path: string,
  ): Promise<{ answer: UpgradedConnection | Response; calls: unknown[][] }> => {
    const { router, calls } = routerWith(fakes);
    return { answer: await router.upgrade(new Request(`http://docker${path}`, { method: "POST" })), calls };
  };

  it("frames stdout and stderr, and passes stdin through", async () => {
    const stdin: string[] = [];
    const attach = async () => ({
      tty: false,
      stdin: new WritableStream<Uint8Array>({ write: (chunk) => void stdin.push(new TextDecoder().decode(chunk)) }),
      stdout: streamOf(bytes("a")),
      stderr: streamOf(bytes("bc")),
    });
    const { answer, calls } = await upgrade(
      { containers: { attach } },
      "/v1.51/containers/x/attach?stream=1&stdin=1&stdout=1",
    );
    if (answer instanceof Response) throw new Error("declined");
    expect(answer.contentType).toBe("application/vnd.docker.multiplexed-stream");
    expect(calls[0]?.[2]).toMatchObject({ stream: true, stdin: true, stdout: true, stderr: false, logs: false });
    const seen: number[][] = [];
    for await (const frame of answer.readable) seen.push([...frame]);
    expect(seen).toEqual([
      [1, 0, 0, 0, 0, 0, 0, 1, 97],
      [2, 0, 0, 0, 0, 0, 0, 2, 98, 99],
    ]);
    const writer = answer.writable.getWriter();
    await writer.write(bytes("in"));
    expect(stdin).toEqual(["in"]);
  });

  it("cancels both streams when the client goes", async () => {
    const cancelled: string[] = [];
    const live = (name: string) => new ReadableStream<Uint8Array>({ cancel: () => void cancelled.push(name) });
    const attach = async () => ({ tty: false, stdout: live("stdout"), stderr: live("stderr") });
    const { answer } = await upgrade({ containers: { attach } }, "/containers/x/attach?stream=1");
    if (answer instanceof Response) throw new Error("declined");
    await answer.readable.cancel();
    await new Promise((resolve) => setTimeout(resolve));
    expect(cancelled.sort()).toEqual(["stderr", "stdout"]);
  });

  it("declines with bare text, as Docker does, which has taken the connection over by then", async () => {
    const { answer } = await upgrade({ containers: { attach: noSuchContainer } }, "/containers/zz/attach?stream=1");
    if (!(answer instanceof Response)) throw new Error("accepted");
    expect([answer.status, answer.headers.get("Content-Type"), await answer.text()]).toEqual([
      404,
      "application/vnd.docker.raw-stream",
      "No such container: zz\r\n",
    ]);
  });

  it("declines an exec with the backend's error", async () => {
    const { router } = routerWith({
      execs: { inspect: async () => Promise.reject(new Error("No such exec instance: zz")) },
    });
    const answer = await router.upgrade(new Request("http://docker/exec/zz/start", { method: "POST" }));
    expect(answer instanceof Response && (await messageOf(answer))).toBe("No such exec instance: zz");
  });
});

describe("ContainerResize", () => {
  it("wants whole sides", async () => {
    const { router, calls } = routerWith({ containers: { resize: async () => undefined } });
    expect((await ask(router, "POST /containers/x/resize?h=24&w=80")).status).toBe(200);
    expect(calls[0]).toEqual(["resize", "x", { rows: 24, columns: 80 }]);
    await ask(router, "POST /containers/x/resize?h=70000&w=80");
    expect(calls[1]).toEqual(["resize", "x", { rows: 65_535, columns: 80 }]);
    const large = await ask(router, "POST /containers/x/resize?h=4294967296&w=80");
    const negative = await ask(router, "POST /containers/x/resize?h=1&w=-1");
    expect(await messageOf(negative)).toBe('invalid resize width "-1": value out of range');
    expect(await messageOf(large)).toBe('invalid resize height "4294967296": value out of range');
    const response = await ask(router, "POST /containers/zz/resize?h=a&w=3");
    expect([response.status, await messageOf(response)]).toEqual([400, 'invalid resize height "a": invalid syntax']);
  });
});

describe("ContainerStart", () => {
  it("refuses what looks like a host configuration, and passes over less", async () => {
    const { router, calls } = routerWith({ containers: { start: async () => undefined } });
    const refused = await ask(router, "POST /containers/x/start", '{"Binds":[]}', { "Content-Length": "12" });
    expect([refused.status, await messageOf(refused)]).toEqual([
      400,
      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    ]);
    expect((await ask(router, "POST /containers/x/start", "{}", { "Content-Length": "2" })).status).toBe(204);
    expect((await ask(router, "POST /containers/x/start")).status).toBe(204);
    expect(calls).toHaveLength(2);
  });
});

describe("an older client", () => {
  it("gets the containers that it knows", async () => {
    const { router, calls } = routerWith({ containers: { create: created } });
    const body = { Image: "x", HostConfig: { AutoRemove: true } };
    for (const version of ["1.24", "1.39", "1.40"])
      await ask(router, `POST /v${version}/containers/create?platform=x`, body);
    expect(calls.map(([, options]) => options)).toMatchObject([
      { request: { HostConfig: { AutoRemove: false, IpcMode: "shareable" } } },
      { request: { HostConfig: { AutoRemove: true, IpcMode: "shareable" } } },
      { request: { HostConfig: { AutoRemove: true } } },
    ]);
    expect(calls[2]?.[1]).not.toHaveProperty("platform");
  });

  it("is not heard where it says what its version did not know", async () => {
    const waited = async () => ({ result: Promise.resolve({ StatusCode: 0 }) });
    const { router, calls } = routerWith({ containers: { wait: waited, stop: async () => undefined } });
    await ask(router, "POST /v1.29/containers/x/wait?condition=foo");
    await ask(router, "POST /v1.41/containers/x/stop?signal=KILL&t=3");
    expect(calls[0]?.[2]).toMatchObject({ condition: "not-running" });
    expect(calls[1]?.[2]).toEqual({ timeout: 3 });
  });
});
