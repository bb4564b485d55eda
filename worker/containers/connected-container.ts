/** The container whose namespace a mode such as `container:NAME` asks for; undefined for any other mode. */
export function connectedContainer(mode: string): string | undefined {
  return /^container:(.+)$/.exec(mode)?.[1];
}
