/**
 * The machine's package sources, read from both formats of sources.list(5), and what Wherry makes of them: stanzas with
 * source packages for the ones that are Debian's own.
 *
 * @typedef {object} Stanza
 * @property {string[]} uris
 * @property {string[]} suites
 * @property {string[]} components
 * @property {Record<string, string>} options deb822 fields that say how to trust it, verbatim (`Signed-By` may span lines)
 */

/** What of a source has to do with trust and transport, by its one-line name. */
const carriedOptions = new Map(
  ["Signed-By", "Trusted", "Check-Valid-Until", "Valid-Until-Min", "Valid-Until-Max", "Check-Date", "By-Hash"]
    .concat(["Allow-Insecure", "Allow-Weak", "Allow-Downgrade-To-Insecure", "Snapshot"])
    .map((name) => [name.toLowerCase(), name]),
);

/**
 * `*.list`: `deb [option=value ...] URI suite component ...`
 * @param {string} text
 * @returns {Stanza[]}
 */
export function parseOneLine(text) {
  const stanzas = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (!match) continue;
    const [, given = "", uri = "", suite = "", components = ""] = match;
    /** @type {Record<string, string>} */
    const options = {};
    for (const option of given.split(/\s+/)) {
      const [name = "", value = ""] = option.split(/=(.*)/s);
      const field = carriedOptions.get(name.toLowerCase());
      if (field) options[field] = value.replaceAll(",", " ");
    }
    stanzas.push({ uris: [uri], suites: [suite], components: words(components), options });
  }
  return stanzas;
}

/**
 * `*.sources`: deb822 stanzas.
 * @param {string} text
 * @returns {Stanza[]}
 */
export function parseDeb822(text) {
  const stanzas = [];
  for (const paragraph of text.replaceAll(/^#.*\n?/gm, "").split(/\n\s*\n/)) {
    const fields = parseFields(paragraph);
    if (/^(no|false|0|off)$/i.test(fields.get("enabled") ?? "")) continue;
    if (!words(fields.get("types")).includes("deb")) continue;
    /** @type {Record<string, string>} */
    const options = {};
    for (const [name, value] of fields) {
      const field = carriedOptions.get(name);
      if (field) options[field] = value;
    }
    stanzas.push({
      uris: words(fields.get("uris")),
      suites: words(fields.get("suites")),
      components: words(fields.get("components")),
      options,
    });
  }
  return stanzas;
}

/**
 * The stanzas that can be Debian's, cut down to `main` and to the suites of this release. What only looks like it is
 * found out by the origin that its Release file names.
 * @param {readonly Stanza[]} stanzas
 * @param {string} codename such as `bookworm`
 * @returns {Stanza[]}
 */
export function debianStanzas(stanzas, codename) {
  const suite = new RegExp(
    `^(${codename}|stable|oldstable|testing|unstable|sid)(-updates|-security|-backports|/updates)?$`,
  );
  return stanzas
    .filter(({ components }) => components.includes("main"))
    .map((stanza) => ({
      ...stanza,
      uris: stanza.uris.filter((uri) => !uri.startsWith("cdrom:")),
      suites: stanza.suites.filter((name) => suite.test(name)),
      components: ["main"],
    }))
    .filter(({ uris, suites }) => uris.length > 0 && suites.length > 0);
}

/**
 * @param {readonly Stanza[]} stanzas
 * @param {readonly string[]} types `deb`, `deb-src`
 * @param {string} architecture
 */
export function writeDeb822(stanzas, types, architecture) {
  return stanzas
    .map(({ uris, suites, components, options }) =>
      [
        `Types: ${types.join(" ")}`,
        `URIs: ${uris.join(" ")}`,
        `Suites: ${suites.join(" ")}`,
        `Components: ${components.join(" ")}`,
        `Architectures: ${architecture}`,
        "Targets: Packages Sources",
        ...Object.entries(options).map(([name, value]) => `${name}: ${value}`),
      ].join("\n"),
    )
    .join("\n\n")
    .concat("\n");
}

/**
 * One deb822 paragraph: names in lower case, continuation lines kept.
 * @param {string} paragraph
 * @returns {Map<string, string>}
 */
export function parseFields(paragraph) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  let name = "";
  for (const line of paragraph.split("\n")) {
    const start = /^([^\s:]+):\s*(.*)$/.exec(line);
    if (start) {
      name = (start[1] ?? "").toLowerCase();
      fields.set(name, (start[2] ?? "").trimEnd());
    } else if (/^\s+\S/.test(line) && name) {
      fields.set(name, `${fields.get(name)}\n${line.trimEnd()}`);
    }
  }
  return fields;
}

/** @param {string | undefined} text */
function words(text) {
  return (text ?? "").split(/\s+/).filter(Boolean);
}
