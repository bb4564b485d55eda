import { Gunzip } from "fflate";
import { errorMessage, invalidParameter } from "../errdefs/errors.ts";
import type { Decoder, Emit } from "./decoder.ts";

/**
 * Decodes gzip (RFC 1952) of any number of members in a row. Checksums are not compared: whoever reads a layer compares
 * its digest, which says more.
 */
export function createGzipDecoder(): Decoder {
  let emitted: Emit = () => undefined;
  const gunzip = new Gunzip((bytes) => emitted(bytes));
  const push = (bytes: Uint8Array, last: boolean, emit: Emit) => {
    // What a consumer throws (a bound was passed) is not the stream's fault.
    let refusal: unknown;
    emitted = (bytes) => {
      try {
        emit(bytes);
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      gunzip.push(bytes, last);
    } catch (error) {
      throw refusal ?? invalidParameter(gzipMessage(error), { cause: error });
    }
  };
  return {
    push: (chunk, emit) => push(chunk, false, emit),
    finish: (emit) => push(new Uint8Array(0), true, emit),
  };
}

function gzipMessage(error: unknown): string {
  const message = errorMessage(error);
  return message === "unexpected EOF" ? message : `gzip: ${message}`;
}
