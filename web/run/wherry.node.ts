/** Where the program begins: a Node that is too old cannot even load the rest, and is told so. */
const oldest = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) {
  void import("../node.ts");
} else {
  console.error(`Wherry needs Node ${oldest.major}.${oldest.minor} or later; this is Node ${process.versions.node}.`);
  process.exitCode = 1;
}
