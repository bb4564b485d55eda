import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import sirv from "sirv";
import { contentSecurityPolicyHeader } from "../csp.ts";

/** What one folder of the page's site is served from. */
export interface Site {
  /** The built page. */
  readonly page: string;
  /** guest.json and its artefacts, served under `guest/`. */
  readonly guest: string;
  /** The bundled registry's OCI layout, served under `images/`. */
  readonly images: string;
  /** Answers what is its own and says so; without one the page says which registries cannot be reached. */
  readonly proxy?: { handle(request: IncomingMessage, response: ServerResponse): boolean };
}

const yearInSeconds = 365 * 24 * 3600;

/**
 * The page's own server: static files and the registry proxy. Everything that it sends could come from any static host,
 * but for the headers of `secure`, of which the page carries the Content-Security-Policy itself, all but its framing.
 */
export function pageServer(site: Site): Server {
  const page = sirv(site.page, { etag: true, gzip: true, brotli: true, setHeaders: cacheHashedFiles });
  // Artefacts are named in guest.json by content, so that a copy in the HTTP cache is always the right one.
  const guest = sirv(site.guest, { etag: true, gzip: true, brotli: true, setHeaders: cacheByContent });
  const images = sirv(site.images, { etag: true, dotfiles: false, setHeaders: cacheByContent });
  return createServer((request, response) => {
    secure(response);
    const url = request.url ?? "/";
    const notFound = () => plain(response, 404, "Not found");
    if (site.proxy?.handle(request, response)) return;
    if (request.method !== "GET" && request.method !== "HEAD") return plain(response, 405, "Method not allowed");
    // The page asks for no ranges, and a server need not know them: sirv throws at one that ends before it begins.
    delete request.headers.range;
    breakOffWithSource(response);
    if (url.startsWith("/guest/")) return guest(strip(request, "/guest"), response, notFound);
    if (url.startsWith("/images/")) return images(strip(request, "/images"), response, notFound);
    return page(request, response, notFound);
  });
}

/** A file may go away while the server runs, when what it serves is built anew: sirv does not look for that. */
function breakOffWithSource(response: ServerResponse): void {
  response.once("pipe", (source) => source.once("error", () => response.destroy()));
}

function strip(request: IncomingMessage, prefix: string): IncomingMessage {
  request.url = (request.url ?? "/").slice(prefix.length);
  return request;
}

function secure(response: ServerResponse): void {
  response.setHeader("Content-Security-Policy", contentSecurityPolicyHeader);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
}

/** Vite names what is under assets/ by its hash. */
function cacheHashedFiles(response: ServerResponse, pathname: string): void {
  response.setHeader(
    "Cache-Control",
    pathname.startsWith("/assets/") ? `public, max-age=${yearInSeconds}, immutable` : "no-cache",
  );
}

function cacheByContent(response: ServerResponse, pathname: string): void {
  const named = /[0-9a-f]{16,}/.test(pathname);
  response.setHeader("Cache-Control", named ? `public, max-age=${yearInSeconds}, immutable` : "no-cache");
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
