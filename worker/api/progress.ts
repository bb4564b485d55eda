import { errorMessage } from "../errdefs/errors.ts";
import { humanSize } from "../internal/units/size.ts";
import { errorResponse, streamResponse } from "./responses.ts";
import type { JsonMessage, ProgressDetail, ProgressListener } from "./types/common.ts";

/**
 * Runs a long operation and answers its progress as Docker's JSON messages, one a line. The answer begins with the first
 * message: an error before it has a status of its own, one after it is the last message. Cancelling the answer calls `cancel`.
 */
export async function progressResponse(
  run: (onProgress: ProgressListener) => Promise<void>,
  cancel: () => void,
): Promise<Response> {
  const queue = new ProgressQueue(cancel);
  const failed = run((message) => queue.push(message)).then(
    () => {
      queue.close();
      return undefined;
    },
    (error: unknown) => {
      queue.fail(error);
      return { error };
    },
  );
  const outcome = await Promise.race([queue.began, failed]);
  if (outcome && !queue.hasBegun) return errorResponse(outcome.error);
  return streamResponse(queue.readable, "application/json");
}

/** Messages that wait for a slow client: a newer step of the same bar replaces the older one, so the queue stays short. */
class ProgressQueue {
  readonly readable: ReadableStream<Uint8Array>;
  readonly began: Promise<undefined>;
  hasBegun = false;
  #begin: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #waiting: JsonMessage[] = [];
  #closed = false;

  constructor(cancel: () => void) {
    this.began = new Promise((resolve) => {
      this.#begin = () => resolve(undefined);
    });
    const encoder = new TextEncoder();
    this.readable = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (this.#waiting.length === 0 && !this.#closed) {
            await new Promise<void>((resolve) => {
              this.#wake = resolve;
            });
          }
          if (this.#waiting.length > 0) {
            controller.enqueue(encoder.encode(this.#waiting.map(formatMessage).join("")));
            this.#waiting = [];
          } else {
            controller.close();
          }
        },
        cancel: () => {
          this.#closed = true;
          this.#waiting = [];
          this.#wake();
          cancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  push(message: JsonMessage): void {
    if (this.#closed) return;
    const bar = isStep(message) ? this.#waiting.findLastIndex((old) => old.id === message.id) : -1;
    const old = this.#waiting[bar];
    if (old && isStep(old) && old.status === message.status) this.#waiting[bar] = message;
    else this.#waiting.push(message);
    this.hasBegun = true;
    this.#begin();
    this.#wake();
  }

  fail(error: unknown): void {
    if (this.hasBegun) {
      const message = errorMessage(error);
      this.push({ errorDetail: { message }, error: message });
    }
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }
}

function isStep(message: JsonMessage): boolean {
  return message.id !== undefined && message.progressDetail?.current !== undefined;
}

/** Docker ends these lines with CR LF. The bar goes along as text for clients that draw none themselves. */
function formatMessage(message: JsonMessage): string {
  const detail = message.progressDetail as ProgressDetail | undefined;
  const progress = message.progress ?? (detail?.current === undefined ? undefined : progressBar(detail));
  // The ID comes last.
  const { id, ...rest } = message;
  return `${JSON.stringify(progress ? { ...rest, progress, id } : message)}\r\n`;
}

/** The bar for a terminal of 200 columns, as jsonmessage draws it. */
export function progressBar(detail: ProgressDetail): string {
  const { current = 0, total = 0, units } = detail;
  const format = (count: number): string => (units ? `${count}` : humanSize(count));
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return format(current).padStart(8);
  const filled = Math.min(50, Math.floor((current / total) * 50));
  const bar = `[${"=".repeat(filled)}>${" ".repeat(50 - filled)}] `;
  const numbers = detail.hidecounts
    ? ""
    : `${format(current).padStart(8)}${current > total ? "" : `/${format(total)}`}${units ? ` ${units}` : ""}`;
  return bar + numbers;
}
