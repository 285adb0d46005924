/** The package's version, as `--version` says it. */
import packageJson from "../../package.json" with { type: "json" };

export const { version } = packageJson;
