import { beforeAll, describe, expect, it } from "vitest";
import type { Guest, SpawnOptions } from "./guest.ts";
import { collect, encoder, equal, type GuestUnderTest, noise, shell, text } from "./guest-under-test.suite.ts";

/** A Guest's file operations, against a real kernel. */
export function guestFileCases(open: () => GuestUnderTest): void {
  let guest: Guest;
  let folder: string;
  beforeAll(() => {
    ({ guest, folder } = open());
  });
  const sh = (script: string, more: Partial<SpawnOptions> = {}) => shell(guest, script, more);
  const write = (path: string, contents: string, mode = 0o644) =>
    guest.run([{ op: "write", path, bytes: encoder.encode(contents), mode }]);

  describe("files", () => {
    it("writes, appends, reads and removes", async () => {
      const path = `${folder}/file`;
      await guest.run([
        { op: "write", path, bytes: encoder.encode("one "), mode: 0o640 },
        { op: "append", path, bytes: encoder.encode("two") },
      ]);
      expect(text(await guest.readFile(path))).toBe("one two");
      expect(text(await guest.readFile(path, 3))).toBe("one");
      await guest.run([{ op: "remove", path }]);
      await expect(guest.readFile(path)).rejects.toMatchObject({ name: "GuestError", code: "ENOENT" });
    });

    it("writes and reads a file of many frames", async () => {
      const bytes = noise(3_000_000);
      await guest.run([{ op: "write", path: `${folder}/large`, bytes, mode: 0o600 }]);
      expect(equal(await guest.readFile(`${folder}/large`), bytes)).toBe(true);
      expect(await guest.usage(`${folder}/large`)).toEqual({ size: 3_000_000, inodes: 1 });
    });

    it("stops a batch at the first error, names the operation, and skips the frames that follow", async () => {
      const large = noise(200_000);
      const batch = guest.run([
        { op: "mkdir", path: `${folder}/stop`, mode: 0o755 },
        { op: "write", path: `${folder}/missing/a`, bytes: large, mode: 0o600 },
        { op: "mkdir", path: `${folder}/stop/never`, mode: 0o755 },
      ]);
      await expect(batch).rejects.toMatchObject({
        code: "ENOENT",
        message: `write ${folder}/missing/a: no such file or directory`,
      });
      expect(await guest.readDir(`${folder}/stop`)).toEqual([]);
      // The next batch is a new one.
      await guest.run([{ op: "mkdir", path: `${folder}/stop/later`, mode: 0o755 }]);
      expect(await guest.readDir(`${folder}/stop`)).toEqual(["later"]);
    });

    it("makes parents when asked, and does not mind an existing folder then", async () => {
      const path = `${folder}/a/b/c`;
      await guest.run([{ op: "mkdir", path, mode: 0o700, parents: true }]);
      await guest.run([{ op: "mkdir", path, mode: 0o700, parents: true }]);
      await expect(guest.run([{ op: "mkdir", path, mode: 0o700 }])).rejects.toMatchObject({ code: "EEXIST" });
    });

    it("lists a folder of many names", async () => {
      const names = Array.from({ length: 1200 }, (_, index) => `${"n".repeat(40)}-${index}`);
      await guest.run([
        { op: "mkdir", path: `${folder}/many`, mode: 0o755 },
        ...names.map((name) => ({
          op: "write" as const,
          path: `${folder}/many/${name}`,
          bytes: new Uint8Array(),
          mode: 0o600,
        })),
      ]);
      expect([...(await guest.readDir(`${folder}/many`))].sort()).toEqual(names.sort());
      await guest.run([
        { op: "write", path: `${folder}/many/six`, bytes: encoder.encode("bytes\n"), mode: 0o600 },
        { op: "symlink", target: "six", path: `${folder}/many/link` },
      ]);
      const answered: string[] = [];
      const usage = guest.usage(`${folder}/many`).finally(() => answered.push("usage"));
      const read = guest.readFile(`${folder}/many/six`).finally(() => answered.push("read"));
      const ping = guest.ping().finally(() => answered.push("ping"));
      expect(await usage).toEqual({ size: 9, inodes: 1203 });
      await Promise.all([read, ping]);
      // Requests wait for one another, and a ping for none.
      expect(answered).toEqual(["ping", "usage", "read"]);
      await guest.run([{ op: "remove", path: `${folder}/many`, recursive: true }]);
      await expect(guest.readDir(`${folder}/many`)).rejects.toMatchObject({ code: "ENOENT" });
    });

    it("removes a tree without following its links, however deep it is", async () => {
      await guest.run([
        { op: "mkdir", path: `${folder}/kept`, mode: 0o755 },
        { op: "write", path: `${folder}/kept/file`, bytes: encoder.encode("kept"), mode: 0o600 },
        { op: "mkdir", path: `${folder}/tree/x`, mode: 0o755, parents: true },
        { op: "symlink", target: `${folder}/kept`, path: `${folder}/tree/x/link` },
      ]);
      const deep = await sh(`cd ${folder}/tree; for i in $(seq 150); do mkdir d; cd d; done; echo x > file`);
      expect((await deep.exited).code).toBe(0);
      await guest.run([{ op: "remove", path: `${folder}/tree`, recursive: true }]);
      await guest.run([{ op: "remove", path: `${folder}/tree`, recursive: true, missingOk: true }]);
      await expect(guest.readDir(`${folder}/tree`)).rejects.toMatchObject({ code: "ENOENT" });
      expect(text(await guest.readFile(`${folder}/kept/file`))).toBe("kept");
    });

    it("copies a tree with its modes, owners and links, and resolves the source inside its root", async () => {
      const made = await sh(
        `mkdir -p root/data/sub to && cd root && echo secret > ../outside && echo in > outside &&
         echo a > data/a && chown 5:6 data/a && chmod 4755 data/a && ln data/a data/b && ln -s a data/s &&
         chmod 750 data/sub && mkfifo data/fifo && ln -s /data abs && ln -s /../outside climb && chmod 711 data`,
        { cwd: folder, stderr: true },
      );
      expect(text(await collect(made.stderr))).toBe("");
      const [root, to] = [`${folder}/root`, `${folder}/to`];
      await guest.run([{ op: "copy", root, from: "/abs", to }]);
      const listed = await sh(`stat -c '%n %a %u:%g %h %F' . * | sort; readlink s`, { cwd: to, stdout: true });
      expect(text(await collect(listed.stdout))).toBe(
        [
          ". 711 0:0 3 directory",
          "a 4755 5:6 2 regular file",
          "b 4755 5:6 2 regular file",
          "fifo 644 0:0 1 fifo",
          "s 777 0:0 1 symbolic link",
          "sub 750 0:0 2 directory",
          "a\n",
        ].join("\n"),
      );
      expect(text(await guest.readFile("/climb", 100, { root }))).toBe("in\n");
      await expect(guest.run([{ op: "copy", root, from: "/none", to }])).rejects.toMatchObject({ code: "ENOENT" });
      await guest.run([{ op: "copy", root, from: "/none", to, missingOk: true }]);
    });

    it("mounts and unmounts, with the flags of a bind mount and its propagation", async () => {
      const [source, target] = [`${folder}/m-source`, `${folder}/m-target`];
      await guest.run([
        { op: "mkdir", path: source, mode: 0o755 },
        { op: "mkdir", path: target, mode: 0o755 },
        { op: "mount", source: "tmpfs", target: source, type: "tmpfs", options: ["size=1m", "nosuid", "mode=0711"] },
        { op: "write", path: `${source}/file`, bytes: encoder.encode("x"), mode: 0o600 },
        { op: "mount", source, target, type: "bind", options: ["rbind", "ro", "rprivate"] },
      ]);
      expect(await guest.readDir(target)).toEqual(["file"]);
      await expect(write(`${target}/other`, "x")).rejects.toMatchObject({ code: "EROFS" });
      // Neither the mount nor what is mounted may be removed by a recursive removal.
      await expect(guest.run([{ op: "remove", path: target, recursive: true }])).rejects.toMatchObject({
        code: "EBUSY",
      });
      await expect(guest.run([{ op: "remove", path: folder, recursive: true }])).rejects.toMatchObject({
        name: "GuestError",
      });
      expect(await guest.readDir(source)).toEqual(["file"]);
      await guest.run([
        { op: "mkdir", path: folder, mode: 0o755, parents: true },
        { op: "unmount", target },
        { op: "unmount", target: source, lazy: true },
        { op: "unmount", target: source, missingOk: true },
      ]);
      await expect(guest.run([{ op: "unmount", target: source }])).rejects.toMatchObject({ code: "EINVAL" });
    });

    it("binds what is below a folder, and follows no symlink out of it", async () => {
      const made = await sh(
        `mkdir -p share/in/side beyond target && cd share && echo f > in/file && echo secret > ../beyond/secret &&
         ln -s in/side good && ln -s in/../in/file near && ln -s / abs && ln -s ../.. up && ln -s ../beyond out &&
         ln -s $PWD/in whole && ln -s nothing dangling && ln -s loop loop && ln -s /proc/self/root magic`,
        { cwd: folder, stderr: true },
      );
      expect(text(await collect(made.stderr))).toBe("");
      const root = `${folder}/share`;
      const bind = (source: string, more: { make?: boolean; target?: string } = {}) =>
        guest.run([{ op: "bind", root, source, ...more }]);
      for (const make of [false, true]) {
        for (const source of ["abs", "abs/etc", "up", "out", "out/secret", "whole", "magic", "in/../../beyond"]) {
          const refused = bind(source, { make, target: `${folder}/target/no` });
          await expect(refused, source).rejects.toMatchObject({ code: "EXDEV" });
        }
      }
      await expect(bind("none")).rejects.toMatchObject({
        code: "ENOENT",
        message: `bind none of ${root}: no such file or directory`,
      });
      await expect(bind("dangling")).rejects.toMatchObject({ code: "ENOENT" });
      await expect(bind("loop")).rejects.toMatchObject({ code: "ELOOP" });
      await expect(bind("dangling", { make: true })).rejects.toMatchObject({ code: "EEXIST" });
      await expect(bind("in/file/x", { make: true })).rejects.toMatchObject({ code: "ENOTDIR" });
      // Looking alone makes nothing.
      await bind("");
      await bind("good");
      await bind("near");
      expect(await guest.readDir(`${folder}/target`)).toEqual([]);
      const at = (name: string) => `${folder}/target/${name}`;
      try {
        await bind("good/new/er", { make: true, target: at("made") });
        await bind("", { target: at("all") });
        await bind("near", { make: true, target: at("file") });
        await write(`${at("made")}/written`, "w");
        expect(text(await guest.readFile(`${root}/in/side/new/er/written`))).toBe("w");
        expect(text(await guest.readFile(at("file")))).toBe("f\n");
        expect([...(await guest.readDir(at("all")))]).toContain("good");
      } finally {
        await guest.run(
          ["made", "all", "file"].map((name) => ({ op: "unmount", target: at(name), lazy: true, missingOk: true })),
        );
      }
      expect(await guest.readDir(`${folder}/beyond`)).toEqual(["secret"]);
    });

    it("reads only regular files in a root", async () => {
      const made = await sh("mkdir special && cd special && mkfifo fifo && mknod null c 1 3 && ln -s null link", {
        cwd: folder,
      });
      expect((await made.exited).code).toBe(0);
      const root = `${folder}/special`;
      for (const path of ["/fifo", "/null", "/link", "/"]) {
        await expect(guest.readFile(path, 100, { root }), path).rejects.toMatchObject({ code: "EINVAL" });
      }
    });

    it("does not wait for the reader of a FIFO that has none", async () => {
      const made = await sh(`mkfifo ${folder}/lonely`);
      await made.exited;
      await expect(write(`${folder}/lonely`, "x")).rejects.toMatchObject({ code: "ENXIO" });
    });
  });
}
