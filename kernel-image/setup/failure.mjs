/** Something the user can mend: its message is shown alone, without a stack. */
export class SetupFailure extends Error {
  /** @override */
  name = "SetupFailure";
}
