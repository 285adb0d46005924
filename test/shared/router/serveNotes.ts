/** The routes of `notes.ts` behind `createHttpHandler`, asked by path. */
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { httpOptions, type Seen } from "./notes.ts";

export const serve = () => {
  const seen: Seen = { pulled: 0, ended: [] };
  const options = httpOptions(seen);
  const handler = createHttpHandler(options);
  type Init = { readonly headers?: Record<string, string>; readonly signal?: AbortSignal };
  const post = (path: string, body: string | ReadableStream | null, { headers = {}, signal }: Init = {}) =>
    handler(
      new Request(`http://localhost/api/${path}`, {
        method: "POST",
        body,
        headers,
        duplex: "half",
      } as RequestInit),
      signal,
    );
  const get = (path: string, { headers = {}, signal }: Init = {}) =>
    handler(new Request(`http://localhost/api/${path}`, { headers }), signal);
  return { seen, options, handler, post, get };
};

/** The path of the stream that counts. */
export const counting = (to: number) => `deep/count?input=${encodeURIComponent(JSON.stringify({ to }))}`;
