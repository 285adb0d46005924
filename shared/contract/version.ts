/** The package's version. The protocol's is apart from it: `protocol.ts`. */
import packageJson from "../../package.json" with { type: "json" };

export const { version } = packageJson;
