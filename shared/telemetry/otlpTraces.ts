/** The exporter itself. A collector that is down costs nothing but the spans: Effect's own pauses, and drops them. */
import { ConfigProvider, Layer } from "effect";
import { FetchHttpClient } from "effect/http";
import { OtlpSerialization, OtlpTracer } from "effect/observability";
import { version } from "../contract/version.ts";

/** The specification's default; Effect's is to export nothing until this says so. */
const settings = ConfigProvider.fromEnv({ env: { OTEL_TRACES_EXPORTER: "otlp", ...process.env } });

export const otlpTraces = (serviceName: string): Layer.Layer<never> =>
  OtlpTracer.layerFromConfig({ resource: { serviceName, serviceVersion: version } }).pipe(
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(ConfigProvider.layer(settings)),
  );
