/**
 * The lines of a kernel configuration fragment that a final `.config` does not honour, as sentences. Kconfig drops an
 * option silently when something that it depends on is off, and sets one that something else selects.
 * @param {string} fragment
 * @param {string} config
 * @returns {string[]}
 */
export function unmetOptions(fragment, config) {
  const have = parseConfig(config);
  const unmet = [];
  for (const [name, wanted] of parseConfig(fragment)) {
    const value = have.get(name) ?? "n";
    if (value !== wanted) unmet.push(`CONFIG_${name}: expected ${wanted}, got ${value}`);
  }
  return unmet;
}

/**
 * @param {string} text
 * @returns {Map<string, string>} `n` where an option is not set
 */
export function parseConfig(text) {
  const options = new Map();
  for (const line of text.split("\n")) {
    const off = /^# CONFIG_(\w+) is not set$/.exec(line);
    const on = /^CONFIG_(\w+)=(.*)$/.exec(line);
    if (off) options.set(off[1], "n");
    else if (on) options.set(on[1], on[2]);
  }
  return options;
}
