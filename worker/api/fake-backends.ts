import { notFound } from "../errdefs/errors.ts";
import { ApiRouter, type ApiRouterComponents } from "./api-router.ts";

/**
 * A backend that knows only what the test gives it: any other method is there and fails. `calls` notes name and arguments.
 */
function fakeBackend<T extends object>(methods: Partial<T>, calls: unknown[][] = []): T {
  return new Proxy(methods as T, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        calls.push([name, ...args]);
        return method.apply(target, args);
      };
    },
  });
}

export type Fakes = {
  readonly [K in "containers" | "execs" | "images" | "networks" | "volumes" | "system"]?: Partial<
    ApiRouterComponents[K]
  >;
};

export function routerWith(fakes: Fakes): { readonly router: ApiRouter; readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  const router = new ApiRouter({
    containers: fakeBackend(fakes.containers ?? {}, calls),
    execs: fakeBackend(fakes.execs ?? {}, calls),
    images: fakeBackend(fakes.images ?? {}, calls),
    networks: fakeBackend(fakes.networks ?? {}, calls),
    volumes: fakeBackend(fakes.volumes ?? {}, calls),
    system: fakeBackend(fakes.system ?? {}, calls),
    server: "Wherry/test (linux)",
  });
  return { router, calls };
}

export function ask(
  router: ApiRouter,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const [method = "GET", path = "/"] = line.split(" ");
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    init.body = typeof body === "string" ? body : JSON.stringify(body);
    init.headers = { "Content-Type": "application/json", ...headers };
  }
  return router.fetch(new Request(`http://docker${path}`, init));
}

export async function messageOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { message: unknown }).message;
}

export const noSuchContainer = async (name: string): Promise<never> => {
  throw notFound(`No such container: ${name}`);
};
