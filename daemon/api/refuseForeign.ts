/**
 * Keeps pages of a browser out. A page can send requests to any port of this machine, and by a name of its own that
 * it lets point here (DNS rebinding) it could even read the answers. Programs are not kept out: they have a token or
 * get nowhere. There are no CORS headers anywhere, so no page of another origin is ever let in.
 */
import type { IncomingHttpHeaders } from "node:http";

const loopback = ["127.0.0.1", "localhost", "[::1]"];

/** Why a request is refused, or undefined. `port` is the one that it came in by; a socket has none. */
export const refuseForeign = (headers: IncomingHttpHeaders, port: number | undefined): string | undefined => {
  const { host, origin } = headers;
  if (port !== undefined && !loopback.some((name) => host?.toLowerCase() === `${name}:${port}`)) {
    return `The daemon is asked as 127.0.0.1:${port} or localhost:${port}, by no other name.`;
  }
  // A socket has no origin: no page can have come from there.
  if (
    origin !== undefined &&
    (port === undefined || origin.toLowerCase() !== `http://${host?.toLowerCase()}`)
  ) {
    return "The daemon takes no requests from pages of another origin.";
  }
  // `none` is a person who typed the address; `same-site` is a page of another port.
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return "The daemon takes no requests from pages of another site.";
  }
  return undefined;
};
