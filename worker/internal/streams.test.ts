import { afterEach, expect, test, vi } from "vitest";
import { requestBody } from "./streams.ts";

afterEach(() => vi.restoreAllMocks());

const request = (body?: string) => new Request("http://docker/", { method: "POST", ...(body ? { body } : {}) });

test("requestBody() is the request's", async () => {
  expect(await new Response(requestBody(request("text"))).text()).toBe("text");
  expect(requestBody(request())).toBe(null);
});

test("requestBody() is there where a browser's requests have none to read", async () => {
  vi.spyOn(Request.prototype, "body", "get").mockReturnValue(undefined as never);
  expect(await new Response(requestBody(request("text"))).text()).toBe("text");
  expect(await new Response(requestBody(request())).text()).toBe("");
});
