/** Something that holds a resource or a listener until it is disposed. Disposing twice is harmless. */
export interface Disposable {
  dispose(): void;
}
