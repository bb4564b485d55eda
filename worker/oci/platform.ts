/** A platform as in the OCI image index (image-spec, "platform" object). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}
