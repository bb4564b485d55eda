import { durationString } from "../../../worker/internal/units/duration.ts";
import { humanSize } from "../../../worker/internal/units/size.ts";
import type { Cli } from "../cli.ts";
import type { Output } from "../output.ts";
import { jsonValues } from "../stream/bytes.ts";

/** One message of a progress stream (pull, push, load, import). */
interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: ProgressDetail | null;
  readonly progress?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly aux?: unknown;
}

interface ProgressDetail {
  readonly current?: number;
  readonly total?: number;
  /** Seconds since the epoch. */
  readonly start?: number;
  readonly hidecounts?: boolean;
  readonly units?: string;
}

const assumedWidth = 200;

/**
 * Shows a progress stream as Docker does: on a terminal one line for each id, redrawn in place; else a line for each change
 * of state.
 * @throws Error with the message of an error in the stream
 */
export async function displayProgress(cli: Cli, source: ReadableStream<Uint8Array>, out: Output): Promise<void> {
  const display = new ProgressDisplay(cli, out);
  for await (const message of jsonValues<ProgressMessage>(source)) {
    if (message.aux === undefined || message.aux === null) await display.show(message);
  }
}

/** Reads a progress stream to its end without showing it; its error still counts. */
export async function discardProgress(source: ReadableStream<Uint8Array>): Promise<void> {
  for await (const message of jsonValues<ProgressMessage>(source)) throwError(message);
}

class ProgressDisplay {
  readonly #cli: Cli;
  readonly #out: Output;
  /** Lines in use on the terminal, from the top, by id. */
  #lines = new Map<string, number>();

  constructor(cli: Cli, out: Output) {
    this.#cli = cli;
    this.#out = out;
  }

  async show(message: ProgressMessage): Promise<void> {
    const terminal = this.#out.isTerminal;
    let moves = 0;
    let text = "";
    if (message.id && (message.progressDetail || message.progress)) {
      let line = this.#lines.get(message.id);
      if (line === undefined) {
        line = this.#lines.size;
        this.#lines.set(message.id, line);
        if (terminal) text += "\n";
      }
      moves = this.#lines.size - line;
      if (terminal) text += `\u001b[${moves}A`;
    } else {
      // Something else was printed: the lines above are history now.
      this.#lines = new Map();
    }
    throwError(message);
    text += this.#render(message);
    if (terminal && moves > 0) text += `\u001b[${moves}B`;
    await this.#out.write(text);
  }

  #render(message: ProgressMessage): string {
    const terminal = this.#out.isTerminal;
    const detail = message.progressDetail ?? undefined;
    const redraws = terminal && !message.stream && detail !== undefined;
    if (!redraws && detail && this.#bar(detail) !== "") return "";
    const prefix = (redraws ? "\u001b[2K\r" : "") + (message.id ? `${message.id}: ` : "");
    const end = redraws ? "\r" : "";
    const status = message.status ?? "";
    if (detail && terminal) return `${prefix}${status} ${this.#bar(detail)}${end}`;
    if (message.progress) return `${prefix}${status} ${message.progress}${end}`;
    if (message.stream) return `${prefix}${message.stream}${end}`;
    return `${prefix}${status}${end}\n`;
  }

  #bar(detail: ProgressDetail): string {
    const columns = this.#out.isTerminal ? (this.#cli.context.size()?.columns ?? assumedWidth) : assumedWidth;
    return progressBar(detail, columns, this.#cli.now());
  }
}

/** `[====>     ]  1.2MB/3.4MB 5s`, as wide as there is room for. */
function progressBar(detail: ProgressDetail, columns: number, now: number): string {
  const { current = 0, total = 0, start = 0, units = "" } = detail;
  if (current <= 0 && total <= 0) return "";
  const alone = units === "" ? humanSize(current).padStart(8) : `${current} ${units}`;
  if (total <= 0) return alone;
  const filled = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const box = columns > 110 ? `[${"=".repeat(filled)}>${" ".repeat(50 - filled)}] ` : "";
  let numbers = "";
  if (!detail.hidecounts) {
    const both = units === "" ? `${alone}/${humanSize(total)}` : `${current}/${total} ${units}`;
    numbers = current > total ? alone : both;
  }
  let left = "";
  if (columns > 50 && current > 0 && start > 0 && filled < 50) {
    const perByte = (now / 1000 - start) / current;
    left = ` ${durationString(Math.round((total - current) * perByte) * 1e9)}`;
  }
  return box + numbers + left;
}

function throwError(message: ProgressMessage): void {
  if (message.errorDetail) throw new Error(message.errorDetail.message ?? message.error ?? "");
  if (message.error) throw new Error(message.error);
}
