import { expect, test } from "vitest";
import { ApiGate } from "./api-gate.ts";

test("who comes before the engine has started waits for it, and every use is told", async () => {
  const gate = new ApiGate();
  let uses = 0;
  gate.onUse = () => {
    uses += 1;
  };
  const early = gate.fetch(new Request("http://docker/_ping"));
  const hijacked = gate.upgrade(new Request("http://docker/exec/e/start", { method: "POST" }));
  let answered = false;
  void early.then(() => {
    answered = true;
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect([answered, uses]).toEqual([false, 2]);
  gate.open({ fetch: async () => new Response("OK"), upgrade: async () => new Response("declined") });
  expect(await (await early).text()).toBe("OK");
  expect(await ((await hijacked) as Response).text()).toBe("declined");
  expect(await (await gate.fetch(new Request("http://docker/_ping"))).text()).toBe("OK");
  expect(uses).toBe(3);
});
