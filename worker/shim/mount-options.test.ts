import { describe, expect, it } from "vitest";
import { mountCalls } from "./mount-options.ts";

const REMOUNT = 32;
const BIND = 4096;
const REC = 16384;
const PRIVATE = 1 << 18;

describe("mountCalls()", () => {
  it("puts flags and data into one call", () => {
    expect(mountCalls("overlay", "overlay", ["ro", "nodev", "lowerdir=/a:/b", "index=off"])).toEqual([
      { source: "overlay", type: "overlay", flags: 1 | 4, data: "lowerdir=/a:/b,index=off" },
    ]);
  });

  it("lets a later option undo an earlier one", () => {
    expect(mountCalls("t", "tmpfs", ["ro", "nosuid", "rw", "defaults", ""])).toMatchObject([{ flags: 2, data: "" }]);
  });

  it("sets the flags of a bind mount in a second call and its propagation in a third", () => {
    expect(mountCalls("/a", "bind", ["rbind", "ro", "rprivate"])).toEqual([
      { source: "/a", type: "bind", flags: BIND | REC, data: "" },
      { source: "", type: "", flags: REMOUNT | BIND | 1, data: "" },
      { source: "", type: "", flags: PRIVATE | REC, data: "" },
    ]);
  });

  it("leaves a bind mount without further flags at one call", () => {
    expect(mountCalls("/a", "", ["bind", "rw"])).toMatchObject([{ flags: BIND }]);
  });

  it("only changes the propagation when nothing else is asked for", () => {
    expect(mountCalls("", "", ["private"])).toEqual([{ source: "", type: "", flags: PRIVATE, data: "" }]);
  });

  it("keeps a new file system that also has a propagation", () => {
    expect(mountCalls("tmpfs", "tmpfs", ["rslave"])).toHaveLength(2);
  });

  it("takes names of Object's own for data", () => {
    expect(mountCalls("t", "tmpfs", ["constructor"])).toMatchObject([{ data: "constructor" }]);
  });
});
