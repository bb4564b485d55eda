import { type Operation, type OperationId, operationIds, operations } from "./operations.ts";

export interface RouteMatch {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly params: ReadonlyMap<string, string>;
}

interface Route {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

function compile(id: OperationId): Route {
  const operation: Operation = operations[id];
  const names: string[] = [];
  const source = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return "(.+)";
  });
  // At the end of a path nothing is a name too, as in Docker's routes: `DELETE /containers/`.
  return { id, operation, pattern: new RegExp(`^${source.replace(/\+\)$/, "*)")}$`), names };
}

/** Those without parameters first, then the longest: `/services/a/logs` is not a service named `a/logs`. */
const routes = operationIds
  .map(compile)
  .sort((a, b) => a.names.length - b.names.length || b.operation.path.length - a.operation.path.length);

/** Finds the operation of a path without its version, percent-encoded as in a URL. */
export function matchRoute(method: string, path: string): RouteMatch | undefined {
  const decoded = decodePath(path);
  if (decoded === undefined) return undefined;
  for (const route of routes) {
    if (route.operation.method !== method) continue;
    const match = route.pattern.exec(decoded);
    if (!match) continue;
    const params = new Map(route.names.map((name, index) => [name, match[index + 1] ?? ""]));
    return { id: route.id, operation: route.operation, params };
  }
  return undefined;
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const takeOver: ReadonlySet<OperationId> = new Set(["ContainerAttach", "ExecStart", "Session"]);

/** Whether the operation takes the connection over, so that `EngineApi.upgrade` is the one to call. */
export function takesConnectionOver(id: OperationId): boolean {
  return takeOver.has(id);
}
