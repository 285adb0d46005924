/** The package's version. The protocol's is apart from it: `protocol.ts`. */
import packageJson from "../../package.json" with { type: "json" };

/** A bundle is given it by the build: it is not to carry all of package.json. */
declare const OCVIBE_VERSION: string | undefined;

export const version: string = typeof OCVIBE_VERSION === "string" ? OCVIBE_VERSION : packageJson.version;
