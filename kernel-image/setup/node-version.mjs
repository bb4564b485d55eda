const oldest = { major: 20, minor: 19 };

/**
 * What to say to the user of a Node that is too old, if it is.
 * @param {string} version
 */
export function nodeRefusal(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined;
  return `Wherry needs Node ${oldest.major}.${oldest.minor} or later; this is Node ${version}.`;
}
