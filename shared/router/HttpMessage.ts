/**
 * What a server hands to the routes, and what it is to send. A web `Request` is such a request; an answer becomes a web
 * `Response` by `asResponse`. A server that has no need of these does without: on Node the first one of them loads a
 * whole HTTP client, which takes longer than to load Node.
 */

/** The web's `Headers` are such headers. */
export interface HttpHeaders extends Iterable<readonly [name: string, value: string]> {
  /** By a name of any case; null when there is none. */
  readonly get: (name: string) => string | null;
  readonly has: (name: string) => boolean;
}

export interface HttpRequest {
  readonly method: string;
  /** Absolute; what stands before the path is of no account. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array> | null;
}

export const jsonAnswer = (value: unknown, status = 200): HttpAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

export const asResponse = ({ body, ...init }: HttpAnswer): Response => new Response(body, init);
