import { describe, expect, it } from "vitest";
import { debianStanzas, parseDeb822, parseOneLine, writeDeb822 } from "./apt-sources.mjs";

describe("parseOneLine()", () => {
  it("reads options, several components and comments", () => {
    const text = [
      "# deb http://commented.example/debian bookworm main",
      "deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/b.gpg trusted=yes] http://one.example/debian bookworm main contrib # rest",
      "deb-src http://one.example/debian bookworm main",
      "deb http://two.example/debian bookworm-updates main",
    ].join("\n");
    expect(parseOneLine(text)).toEqual([
      {
        uris: ["http://one.example/debian"],
        suites: ["bookworm"],
        components: ["main", "contrib"],
        options: { "Signed-By": "/usr/share/keyrings/a.gpg /b.gpg", Trusted: "yes" },
      },
      { uris: ["http://two.example/debian"], suites: ["bookworm-updates"], components: ["main"], options: {} },
    ]);
  });
});

describe("parseDeb822()", () => {
  it("reads stanzas, keeps an inline key, and leaves out disabled and source-only ones", () => {
    const text = `# a comment
Types: deb deb-src
URIs: http://one.example/debian
Suites: bookworm bookworm-updates
# another
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
`;
    const [stanza, ...others] = parseDeb822(text);
    expect(others).toEqual([]);
    expect(stanza?.uris).toEqual(["http://one.example/debian"]);
    expect(stanza?.suites).toEqual(["bookworm", "bookworm-updates"]);
    expect(stanza?.options["Signed-By"]).toContain("\n mQ\n");
  });
});

describe("debianStanzas()", () => {
  /**
   * @param {string[]} suites
   * @param {string[]} [components]
   * @param {string[]} [uris]
   */
  const stanza = (suites, components = ["main"], uris = ["http://deb.example/debian"]) => ({
    uris,
    suites,
    components,
    options: {},
  });

  it("keeps main of this release's suites, and nothing of others", () => {
    const kept = debianStanzas(
      [
        stanza(["bookworm", "bookworm-security", "trixie"], ["main", "contrib"]),
        stanza(["nodistro"]),
        stanza(["cloud-sdk-bookworm"]),
        stanza(["bookworm"], ["stable"]),
        stanza(["bookworm"], ["main"], ["cdrom:[Debian]/"]),
      ],
      "bookworm",
    );
    expect(kept).toEqual([stanza(["bookworm", "bookworm-security"])]);
  });
});

describe("writeDeb822()", () => {
  it("writes what parseDeb822() reads back", () => {
    const options = { "Signed-By": "\n -----BEGIN\n .\n mQ\n -----END" };
    const stanzas = [
      { uris: ["http://a.example/debian"], suites: ["bookworm"], components: ["main"], options },
      { uris: ["http://b.example/debian"], suites: ["bookworm"], components: ["main"], options: {} },
    ];
    expect(parseDeb822(writeDeb822(stanzas, ["deb", "deb-src"], "i386"))).toEqual(stanzas);
  });
});
