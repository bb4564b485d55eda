import { describe, expect, it } from "vitest";
import { jsonValues } from "./bytes.ts";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";
import { demultiplex } from "./stdcopy.ts";

const encoder = new TextEncoder();

function frame(stream: number, text: string): number[] {
  const payload = encoder.encode(text);
  return [stream, 0, 0, 0, 0, 0, payload.length >> 8, payload.length & 255, ...payload];
}

/** A stream that delivers the bytes in pieces of `size`. */
function pieces(bytes: readonly number[], size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(Uint8Array.from(bytes.slice(at, at + size)));
      controller.close();
    },
  });
}

function sink() {
  const decoder = new TextDecoder();
  const collected = { text: "" };
  return {
    collected,
    write: async (chunk: Uint8Array) => {
      collected.text += decoder.decode(chunk);
    },
  };
}

describe("demultiplex()", () => {
  const bytes = [...frame(1, "out"), ...frame(2, "err"), ...frame(1, ""), ...frame(1, "!")];

  it.each([1, 3, 7, 8, 9, 100])("separates the streams when they come in pieces of %d bytes", async (size) => {
    const [stdout, stderr] = [sink(), sink()];
    await demultiplex(pieces(bytes, size), { stdout, stderr });
    expect([stdout.collected.text, stderr.collected.text]).toEqual(["out!", "err"]);
  });

  it("fails with what the engine says in the stream of system errors", async () => {
    await expect(demultiplex(pieces([...frame(3, "broken")], 5), {})).rejects.toThrow(
      "error from daemon in stream: broken",
    );
  });

  it("fails for a stream that there is not", async () => {
    await expect(demultiplex(pieces(frame(9, "x"), 50), {})).rejects.toThrow("Unrecognized stream: 9");
  });
});

describe("DetachFilter", () => {
  const type = (filter: DetachFilter, text: string) => {
    const { bytes, detached } = filter.push(encoder.encode(text));
    return [new TextDecoder().decode(bytes), detached];
  };

  it("push() finds the sequence over several chunks and holds it back", () => {
    const filter = new DetachFilter(parseDetachKeys(""));
    expect(type(filter, "ab")).toEqual(["ab", false]);
    expect(type(filter, "c\u0010")).toEqual(["c", false]);
    expect(type(filter, "\u0011")).toEqual(["", true]);
  });

  it("push() passes on a beginning that was broken off", () => {
    const filter = new DetachFilter(parseDetachKeys("ctrl-p,ctrl-q"));
    expect(type(filter, "\u0010x")).toEqual(["\u0010x", false]);
    expect(type(filter, "\u0010\u0010")).toEqual(["\u0010", false]);
    expect(type(filter, "\u0011")).toEqual(["", true]);
  });

  it("parseDetachKeys() reads letters and control keys, and refuses others", () => {
    expect(parseDetachKeys("ctrl-a,x,ctrl-[")).toEqual([1, 120, 27]);
    expect(() => parseDetachKeys("ctrl-1")).toThrow("Unknown character: 'ctrl-1'");
  });
});

describe("jsonValues()", () => {
  it("yields a value for each line, whatever the pieces, the last without an end included", async () => {
    const bytes = [...encoder.encode('{"a":"ü"}\r\n\n{"a":2}')];
    const values: unknown[] = [];
    for await (const value of jsonValues(pieces(bytes, 2))) values.push(value);
    expect(values).toEqual([{ a: "ü" }, { a: 2 }]);
  });
});
