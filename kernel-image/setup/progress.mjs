/** Says what set-up is doing, and keeps the time that each step took. */
export class Progress {
  /** @type {{ what: string, seconds: number }[]} */
  #took = [];
  #write;
  #live;

  /** @param {{ write?: (text: string) => void, live?: boolean }} [options] `live`: the output is a terminal */
  constructor({ write = (text) => process.stderr.write(text), live = process.stderr.isTTY === true } = {}) {
    this.#write = write;
    this.#live = live;
  }

  /** @param {string} text */
  say(text) {
    this.#write(`${text}\n`);
  }

  /**
   * Runs one slow step. On a terminal its seconds tick.
   * @template T
   * @param {string} what
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async step(what, work) {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    this.#write(this.#live ? `${what} ...` : `${what} ...\n`);
    const ticking = this.#live
      ? setInterval(() => this.#write(`\r${what} ... ${clock(seconds())}`), 1000).unref()
      : undefined;
    try {
      const result = await work();
      this.#took.push({ what, seconds: seconds() });
      this.#write(this.#live ? `\r${what}: ${clock(seconds())}     \n` : `${what}: ${clock(seconds())}\n`);
      return result;
    } catch (error) {
      if (this.#live) this.#write("\n");
      throw error;
    } finally {
      clearInterval(ticking);
    }
  }

  /** A table of all steps, when there was more than one. */
  summary() {
    if (this.#took.length < 2) return;
    const width = Math.max(...this.#took.map(({ what }) => what.length), 5);
    const line = (/** @type {string} */ what, /** @type {number} */ seconds) =>
      this.say(`  ${what.padEnd(width)}  ${clock(seconds).padStart(8)}`);
    this.say("How the time was spent:");
    for (const { what, seconds } of this.#took) line(what, seconds);
    line(
      "Total",
      this.#took.reduce((sum, { seconds }) => sum + seconds, 0),
    );
  }
}

/** @param {number} seconds */
function clock(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
}
