import { describe, expect, it } from "vitest";
import { docker } from "../../docker.ts";
import { FakeEngine } from "../../testing/fake-engine.ts";
import { MemoryContext } from "../../testing/memory-context.ts";

const path = "/root/.docker/config.json";
const terminal = { rows: 24, columns: 80 };

/** An engine that takes any credentials, and those that it was shown. */
function engine() {
  const shown: unknown[] = [];
  const fake = new FakeEngine({
    "POST /auth": async (request) => {
      shown.push(await request.json());
      return Response.json({ Status: "Login Succeeded", IdentityToken: "" });
    },
  });
  return { fake, shown };
}

async function login(files: Record<string, string> = {}, ...argv: readonly string[]) {
  const context = new MemoryContext(["login", ...argv, "reg.example"], { files, stdin: "secret\n" });
  const exitCode = await docker(context, engine().fake);
  return { context, exitCode, config: new TextDecoder().decode(context.content.get(path)) };
}

describe("docker login", () => {
  it("warns that credentials are stored unencrypted when they are new, and not when they are the same", async () => {
    const first = await login({}, "-u", "me", "--password-stdin");
    expect(first.context.err).toContain(`WARNING! Your credentials are stored unencrypted in '${path}'.`);
    const second = await login({ [path]: first.config }, "-u", "me", "--password-stdin");
    expect(second.context.err).toBe("");
  });

  it("uses what is stored, and says how to use another account", async () => {
    const { config } = await login({}, "-u", "me", "--password-stdin");
    const { context } = await login({ [path]: config });
    expect(context.err).toBe(
      "Authenticating with existing credentials... [Username: me]\n\n" +
        " Info -> To login with a different account, run 'docker logout' followed by 'docker login'\n\n\n",
    );
  });

  it("asks on the terminal; the keys that edit a line work where it is raw", async () => {
    const { fake, shown } = engine();
    const context = new MemoryContext(["login", "reg.example"], { terminal });
    const running = docker(context, fake);
    context.type("me\n");
    await expect.poll(() => context.out).toContain("Password: ");
    context.type("wrong\u0015secrex\u007ft\r");
    expect(await running).toBe(0);
    expect(context.rawChanges).toEqual([true, false]);
    expect(shown).toEqual([{ username: "me", password: "secret", serveraddress: "reg.example" }]);
  });

  it("ends quietly when it is broken off at a question", async () => {
    const { fake, shown } = engine();
    const atName = new MemoryContext(["login", "reg.example"], { terminal });
    const running = docker(atName, fake);
    await expect.poll(() => atName.out).toBe("Username: ");
    atName.raise("INT");
    expect([await running, atName.out]).toEqual([0, "Username: \n"]);
    const atPassword = new MemoryContext(["login", "-u", "me", "reg.example"], { terminal });
    const asking = docker(atPassword, fake);
    atPassword.type("se\u0003");
    expect([await asking, atPassword.out]).toEqual([0, "Password: \n"]);
    expect(shown).toEqual([]);
  });

  it("goes on without a config.json that cannot be read", async () => {
    const { context, exitCode } = await login({ [path]: "{bad" }, "-u", "me", "--password-stdin");
    expect(exitCode).toBe(0);
    expect(context.err).toContain(`WARNING: Error parsing config file (${path}): `);
  });

  it("says that config.json can be neither read nor written", async () => {
    const context = new MemoryContext(["login", "-u", "me", "--password-stdin", "reg.example"], { stdin: "secret\n" });
    const denied = async () => {
      throw Object.assign(new Error("EACCES"), { code: "EACCES" });
    };
    Object.assign(context.files, { read: denied, write: denied });
    expect(await docker(context, engine().fake)).toBe(1);
    expect(context.err).toBe(
      `WARNING: Error loading config file: open ${path}: permission denied\n` +
        `Error saving credentials: open ${path}: permission denied\n`,
    );
  });
});

describe("docker logout", () => {
  it("takes the credentials of the host that an address names", async () => {
    const { config } = await login({}, "-u", "me", "--password-stdin");
    const context = new MemoryContext(["logout", "https://reg.example/v2/"], { files: { [path]: config } });
    expect(await docker(context, engine().fake)).toBe(0);
    expect(context.out).toBe("Removing login credentials for reg.example\n");
    expect(new TextDecoder().decode(context.content.get(path))).not.toContain("reg.example");
  });
});
