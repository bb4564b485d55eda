/** Ends an invocation: what goes to stderr (nothing when empty) and the exit code. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The user broke a question off: nothing was done, and that is no failure. */
export class Canceled extends CliError {
  constructor() {
    super("", 0);
  }
}

/** An exit code alone, such as the one of the container that was run. */
export function exitWith(exitCode: number): CliError {
  return new CliError("", exitCode);
}

/** The engine answered with an error; the message starts with "Error response from daemon: ". */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(`Error response from daemon: ${message}`);
    this.status = status;
  }
}

/** The engine could not be reached at all. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(address: string, options?: ErrorOptions) {
    super(`Cannot connect to the Docker daemon at ${address}. Is the docker daemon running?`, options);
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
