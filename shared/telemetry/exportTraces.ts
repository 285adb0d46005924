/**
 * Traces go to an OpenTelemetry collector when the standard settings name one (`OTEL_EXPORTER_OTLP_ENDPOINT`, or
 * `…_TRACES_ENDPOINT`). Without them nothing of this is loaded.
 * Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
import { Effect, Layer } from "effect";

export const exportTraces = (
  serviceName: string,
  env: NodeJS.ProcessEnv = process.env,
): Layer.Layer<never> => {
  if (!isOn(env)) return Layer.empty;
  return Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./otlpTraces.ts")),
      ({ otlpTraces }) => otlpTraces(serviceName),
    ),
  );
};

const isOn = (env: NodeJS.ProcessEnv): boolean =>
  (env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "") !== "" || (env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? "") !== "";
