import type { AuthConfig } from "../api/types/common.ts";
import { system } from "../errdefs/errors.ts";
import { isObject } from "../oci/json.ts";
import { parseChallenges } from "./challenge.ts";
import { requestLine } from "./http.ts";

/** Sends the request for a token, with a form as a POST; resolves with the JSON document of a success. */
export type RequestToken = (
  url: URL,
  authorization: string | undefined,
  form: URLSearchParams | undefined,
) => Promise<unknown>;

/** Asks the registry's token server, or answers with the user's own credentials. One for each registry and user. */
export class Authorizer {
  readonly #auth: AuthConfig;
  readonly #tokens = new Map<string, string>();
  #basic = false;

  constructor(auth: AuthConfig = {}) {
    this.#auth = auth;
  }

  /** What to send with a request for `scope`, as far as it is known. */
  authorization(scope: string): string | undefined {
    if (this.#basic) return this.#basicHeader();
    const token = this.#auth.registrytoken ?? this.#tokens.get(scope);
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  /**
   * Takes up the challenges of a 401. Answers whether the request should be sent again: not when there is nothing to offer,
   * or when what was offered has just been refused. Throws `System` with Docker's words when a user name and password are
   * asked for and there are none: told as unauthorized, it would make the docker command ask for them in the middle of a pull.
   */
  async accept(
    response: Response,
    sent: {
      readonly method: string;
      readonly url: URL;
      readonly scope: string;
      readonly authorization?: string;
    },
    request: RequestToken,
  ): Promise<boolean> {
    const challenges = parseChallenges(response.headers.get("www-authenticate"));
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const realm = bearer && realmOf(bearer.parameters.realm, sent.url);
    if (bearer && realm && this.#auth.registrytoken === undefined) {
      const token = await this.#fetchToken(realm, bearer.parameters, sent.scope, request);
      const isNew = token !== undefined && `Bearer ${token}` !== sent.authorization;
      if (isNew) this.#tokens.set(sent.scope, token);
      return isNew;
    }
    const offersBasic = challenges.some(({ scheme }) => scheme === "basic");
    if (!offersBasic || this.#basic) return false;
    if (this.#basicHeader() === undefined) {
      throw system(`${requestLine(sent)}: no basic auth credentials`);
    }
    this.#basic = true;
    return true;
  }

  async #fetchToken(
    realm: URL,
    parameters: Readonly<Record<string, string>>,
    scope: string,
    request: RequestToken,
  ): Promise<string | undefined> {
    const { identitytoken, username } = this.#auth;
    const asked = { ...(parameters.service && { service: parameters.service }), ...(scope && { scope }) };
    let answer: unknown;
    if (identitytoken) {
      const grant = { client_id: "docker", grant_type: "refresh_token", refresh_token: identitytoken };
      answer = await request(realm, undefined, new URLSearchParams({ ...grant, ...asked }));
    } else {
      const query = { ...asked, ...(username && { account: username }) };
      for (const [name, value] of Object.entries(query)) realm.searchParams.set(name, value);
      answer = await request(realm, this.#basicHeader(), undefined);
    }
    if (!isObject(answer)) return undefined;
    const token = answer.token ?? answer.access_token;
    return typeof token === "string" && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  }

  #basicHeader(): string | undefined {
    const { username, password, auth } = this.#auth;
    if (username !== undefined && username !== "") return `Basic ${base64(`${username}:${password ?? ""}`)}`;
    return auth ? `Basic ${auth}` : undefined;
  }
}

/** A realm may be on another host: that is the protocol. It may not have credentials sent in the clear by a registry that is not. */
function realmOf(text: string | undefined, registry: URL): URL | undefined {
  if (!text || !URL.canParse(text)) return undefined;
  const realm = new URL(text);
  const secure = realm.protocol === "https:" || (realm.protocol === "http:" && registry.protocol === "http:");
  return secure && realm.username === "" && realm.password === "" ? realm : undefined;
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
