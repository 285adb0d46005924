/**
 * Serves routes from a Lambda function behind an HTTP API of API Gateway (payload version 2.0). Such a function answers
 * at once and whole, so a table with a route that streams does not compile.
 */
import { Result } from "effect";
import { Base64 } from "effect/encoding";
import type { AnswerOptions } from "./answerRoute.ts";
import type { BoundRoute } from "./bindRoute.ts";
import { createHttpHandler } from "./createHttpHandler.ts";

/** What of API Gateway's event is read. */
export interface LambdaEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly cookies?: ReadonlyArray<string>;
  readonly requestContext: {
    readonly http: { readonly method: string };
    readonly stage: string;
    readonly domainName?: string;
  };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export interface LambdaResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

export const createLambdaHandler = <Context, E, R>(
  routes: ReadonlyArray<BoundRoute<Context, E, R, false>>,
  server: AnswerOptions<Context, E, R>,
) => {
  const handler = createHttpHandler({ ...server, routes });
  return async (event: LambdaEvent): Promise<LambdaResponse> => {
    const response = await handler(asRequest(event));
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
      isBase64Encoded: false,
    };
  };
};

const asRequest = ({ requestContext, headers, cookies = [], ...event }: LambdaEvent): Request => {
  const { http, stage, domainName = "localhost" } = requestContext;
  // The path begins with the stage, unless that is the default one.
  const path = event.rawPath.startsWith(`/${stage}/`) ? event.rawPath.slice(stage.length + 1) : event.rawPath;
  const query = event.rawQueryString === "" ? "" : `?${event.rawQueryString}`;
  const given = new Headers(
    Object.entries(headers).map(([name, value = ""]): [string, string] => [name, value]),
  );
  if (cookies.length > 0) given.set("cookie", cookies.join("; "));
  const hasBody = event.body !== undefined && http.method !== "GET" && http.method !== "HEAD";
  const body = hasBody ? { body: bodyOf(event.body ?? "", event.isBase64Encoded) } : {};
  return new Request(`https://${domainName}${path}${query}`, {
    method: http.method,
    headers: given,
    ...body,
  });
};

/** What says that it is base64 and is not, is left to be refused as it is. */
const bodyOf = (body: string, isBase64: boolean) =>
  isBase64
    ? Result.getOrElse(Base64.decode(body) as Result.Result<Uint8Array<ArrayBuffer>, unknown>, () => body)
    : body;
