import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../support/api.ts";
import { olderDocker } from "../support/docker-version.ts";
import { run } from "../support/run.ts";
import { type Daemon, startDaemon } from "../support/wherry.ts";

let daemon: Daemon;
let folder: string;
let share: string;
let tcp: string;
const docker = (...argv: string[]) => daemon.docker(argv);
const inside = (mount: string, script: string) => docker("run", "--rm", "-v", mount, "busybox", "sh", "-c", script);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wherry-share-"));
  share = join(folder, "shared");
  for (const name of ["shared", "shared/deep", "outside", "read"]) await mkdir(join(folder, name));
  await writeFile(join(share, "file"), "of this machine\n");
  await writeFile(join(folder, "outside/secret"), "secret\n");
  await writeFile(join(folder, "read/only"), "read\n");
  await symlink("../outside", join(share, "leads-out"));
  await symlink(join(folder, "outside/secret"), join(share, "absolute"));
  await symlink("file", join(share, "within"));
  daemon = await startDaemon({
    flags: ["--share", share, "--share", `${join(folder, "read")}:ro`, "-H", "tcp://127.0.0.1:0"],
  });
  tcp = /API listen on (tcp:\S+?)"/.exec(daemon.output())?.[1] ?? "";
  await docker("pull", "-q", "busybox");
});
afterAll(async () => {
  await daemon?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("a folder that is shared", () => {
  it("is read and written", async () => {
    const script =
      "cat /s/file; echo made inside > /s/made; mkdir /s/folder; mv /s/made /s/folder/moved; chmod 640 /s/folder/moved";
    expect(await inside(`${share}:/s`, script)).toEqual({ code: 0, stdout: "of this machine\n", stderr: "" });
    expect(await readFile(join(share, "folder/moved"), "utf8")).toBe("made inside\n");
    await writeFile(join(share, "folder/later"), "made outside\n");
    expect((await inside(`${share}/folder:/s`, "cat /s/later; rm -r /s/later /s/moved")).stdout).toBe("made outside\n");
    expect(await readdir(join(share, "folder"))).toEqual([]);
  });

  it("shows at once what changes on either side while a container runs", async () => {
    await docker("run", "-d", "--name", "sees", "-v", `${share}:/s`, "busybox", "sleep", "1000");
    await writeFile(join(share, "appears"), "new\n");
    expect((await docker("exec", "sees", "cat", "/s/appears")).stdout).toBe("new\n");
    await writeFile(join(share, "appears"), "and longer than before\n");
    expect((await docker("exec", "sees", "cat", "/s/appears")).stdout).toBe("and longer than before\n");
    await docker("rm", "-f", "sees");
  });

  it("is bound read-only when that is asked for, by the container or by the share", async () => {
    for (const mount of [`${share}:/s:ro`, `${join(folder, "read")}:/s`]) {
      const { stderr } = await inside(mount, "echo x > /s/new");
      expect(stderr).toBe("sh: can't create /s/new: Read-only file system\n");
    }
    expect((await inside(`${join(folder, "read")}:/s`, "cat /s/only")).stdout).toBe("read\n");
  });

  it("may be bound in part: a folder below it, one that is made, or a single file", async () => {
    expect((await inside(`${share}/deep/er:/s`, "echo x > /s/y")).code).toBe(0);
    expect(await readFile(join(share, "deep/er/y"), "utf8")).toBe("x\n");
    expect((await inside(`${share}/file:/s`, "cat /s")).stdout).toBe("of this machine\n");
  });

  it("is not left by symlinks", async () => {
    const { stdout, stderr } = await inside(
      `${share}:/s`,
      "cat /s/within; cat /s/leads-out/secret; cat /s/absolute; ln -s ../outside /s/made-out; ls /s/made-out/; cat /s/../outside/secret",
    );
    expect(stdout).toBe("of this machine\n");
    expect(stderr.match(/No such file or directory/g)).toHaveLength(4);
    await rm(join(share, "made-out"));
    const bound = await inside(`${share}/leads-out:/s`, "ls /s");
    expect(bound.stdout).toBe("");
    expect(bound.stderr).toContain(
      `error while creating mount source path '${share}/leads-out': mkdir ${share}/leads-out: file exists`,
    );
  });

  it("keeps who may do what", async () => {
    await writeFile(join(share, "private"), "root's\n");
    await chmod(join(share, "private"), 0o600);
    const { stdout, stderr } = await docker(
      "run",
      "--rm",
      "-u",
      "1000",
      "-v",
      `${share}:/s`,
      "busybox",
      "cat",
      "/s/private",
    );
    expect([stdout, stderr]).toEqual(["", "cat: can't open '/s/private': Permission denied\n"]);
  });
});

describe("what is not shared", () => {
  it.each(["outside", "shared/../outside", "sharedx", "nonexistent"])("cannot be bound: %s", async (name) => {
    const text =
      'docker: Error response from daemon: invalid mount config for type "bind": bind source path does not exist: ';
    for (const flags of [
      ["-v", `${folder}/${name}:/s`],
      ["--mount", `type=bind,src=${folder}/${name},dst=/s`],
    ]) {
      const { code, stderr } = await docker("run", "--rm", ...flags, "busybox", "true");
      expect(code).toBe(125);
      expect(stderr).toContain(`${text}${join(folder, name)}`);
      expect(stderr).toContain("--share");
    }
    expect((await docker("ps", "-aq")).stdout).toBe("");
  });

  it("is nothing that a mount of what is missing in a shared folder makes", async () => {
    const { stderr } = await docker("run", "--rm", "--mount", `type=bind,src=${share}/none,dst=/s`, "busybox", "true");
    expect(stderr).toContain(`bind source path does not exist: ${share}/none${olderDocker ? "." : ""}\n`);
    expect(await readdir(share)).not.toContain("none");
  });
});

describe("the engine's socket in a container", () => {
  beforeAll(() => docker("pull", "-q", "debian"));

  /** Runs a script in a container that has the socket: `connected()` is a connection to it, and files are read whole. */
  const perl = (script: string) => {
    const connected = `
      use Socket; use IO::Handle; local $/;
      sub connected {
        socket(my $s, PF_UNIX, SOCK_STREAM, 0); connect($s, sockaddr_un("/var/run/docker.sock")) or die $!;
        $s->autoflush(1); return $s;
      }`;
    const volume = "/var/run/docker.sock:/var/run/docker.sock";
    return docker("run", "--rm", "--name", "asks", "-v", volume, "debian", "perl", "-e", connected + script);
  };

  it("reaches this engine", async () => {
    const { stdout, stderr } = await perl(`
      my $s = connected(); print $s "GET /containers/json HTTP/1.0\\r\\n\\r\\n"; print <$s>;`);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
    expect(stdout).toContain('"Names":["/asks"]');
  });

  it("serves a hundred connections at once", async () => {
    const { stdout } = await perl(`
      my @all = map { connected() } 1 .. 100;
      print $_ "GET /_ping HTTP/1.0\\r\\n\\r\\n" for @all;
      my $well = 0; for my $s (@all) { my $answer = <$s>; $well++ if $answer =~ /\\r\\n\\r\\nOK$/ } print $well;`);
    expect(stdout).toBe("100");
    expect(daemon.output()).not.toContain("Warning");
  });

  it("hands a connection over to an exec, whose input ends when the client has said all", async () => {
    await docker("run", "-d", "--name", "other", "busybox", "sleep", "1000");
    const { stdout, stderr } = await perl(`
      sub post { my ($s, $path, $head, $body) = @_; my $n = length $body;
        print $s "POST $path HTTP/1.1\\r\\nHost: d\\r\\n$head"
          . "Content-Type: application/json\\r\\nContent-Length: $n\\r\\n\\r\\n$body" }
      my $s = connected();
      post($s, "/containers/other/exec", "Connection: close\\r\\n",
        '{"AttachStdin":true,"AttachStdout":true,"Tty":false,"Cmd":["sh","-c","cat; echo over"]}');
      my ($id) = <$s> =~ /"Id":"([0-9a-f]+)"/;
      $s = connected();
      post($s, "/exec/$id/start", "Connection: Upgrade\\r\\nUpgrade: tcp\\r\\n", '{"Detach":false,"Tty":false}');
      print $s "through\\n"; shutdown($s, 1);
      my $all = <$s>; $all =~ s/[\\x00-\\x09\\x0b-\\x1f]//g; print $all;`);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^HTTP\/1.1 101 UPGRADED\n/);
    expect(stdout).toMatch(/through\n.*over\n$/s);
    await docker("rm", "-f", "other");
  });
});

describe("-H tcp", () => {
  it("serves the docker command", async () => {
    const env = { ...process.env, DOCKER_HOST: tcp };
    const outcome = await run("docker", ["run", "--rm", "-i", "busybox", "cat"], { env, input: "over TCP\n" });
    expect(outcome).toEqual({ code: 0, stdout: "over TCP\n", stderr: "" });
  });

  it.each([
    ["a foreign name", { host: "evil.example" }, 'the Host header names "evil.example", which is not this engine'],
    ["a page's origin", { origin: "http://evil.example" }, "requests from web pages are refused"],
    ["an opaque origin", { origin: "null" }, "requests from web pages are refused"],
    ["a browser's word for it", { "sec-fetch-site": "cross-site" }, "requests from web pages are refused"],
  ])("refuses %s", async (_, headers, message) => {
    for (const [method, path] of [
      ["GET", "/_ping"],
      ["POST", "/containers/create"],
    ] as const) {
      const { status, json } = await callApi(tcp, method, path, { headers });
      expect({ status, json }).toEqual({ status: 403, json: { message } });
    }
  });

  it("serves localhost by name", async () => {
    expect((await callApi(tcp, "GET", "/_ping", { headers: { host: "localhost:1" } })).text).toBe("OK");
  });
});
