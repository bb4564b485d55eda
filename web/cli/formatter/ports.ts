/** A port of a container, as GET /containers/json lists it. */
export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

interface Run {
  readonly ip: string;
  readonly type: string;
  first: number;
  last: number;
}

/** The PORTS column: runs of equal ports first, then each mapping to another port. */
export function displayablePorts(ports: readonly Port[]): string {
  const done: string[] = [];
  const mapped: string[] = [];
  const runs = new Map<string, Run>();
  for (const port of [...ports].sort(compare)) {
    const { IP: ip = "", PrivatePort: number, PublicPort: publicPort = 0, Type: type } = port;
    if (ip !== "" && publicPort !== number) {
      mapped.push(`${hostPort(ip, String(publicPort))}->${number}/${type}`);
      continue;
    }
    const key = `${ip}/${type}`;
    const run = runs.get(key);
    if (run && number === run.last + 1) run.last = number;
    else {
      if (run) done.push(render(run));
      // A map keeps the place of a key that is set again, as Docker's list of keys does.
      runs.set(key, { ip, type, first: number, last: number });
    }
  }
  return [...done, ...[...runs.values()].map(render), ...mapped].join(", ");
}

function render({ ip, type, first, last }: Run): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return ip === "" ? `${range}/${type}` : `${hostPort(ip, range)}->${range}/${type}`;
}

export function hostPort(ip: string, port: string): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function compare(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    order(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    order(a.Type, b.Type)
  );
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
