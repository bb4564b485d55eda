import { expect, it } from "vitest";
import { capabilities } from "./names.ts";

it.each([
  [
    ["kill", "CHOWN", "cap_kill"],
    ["CAP_CHOWN", "CAP_KILL"],
  ],
  [
    ["net_admin", "all"],
    ["ALL", "CAP_NET_ADMIN"],
  ],
  [["reset"], ["CAP_RESET"]],
])("capabilities() writes %j as Docker's command sends them", (given, sent) => {
  expect(capabilities(given)).toEqual(sent);
});
