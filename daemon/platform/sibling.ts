/**
 * The file of another program of ours: beside the bundle when built, beside the source when run from source
 * (`sqlWorker` → `…/dist/sqlWorker.js` or `…/daemon/platform/sqlWorker.ts`).
 */
import { fileURLToPath } from "node:url";

declare const OCVIBE_BUNDLED: boolean;

export const sibling = (name: "sqlWorker" | "shim", sourceUrl: string): string =>
  fileURLToPath(
    typeof OCVIBE_BUNDLED !== "undefined" && OCVIBE_BUNDLED
      ? new URL(`./${name}.js`, sourceUrl)
      : new URL(`./${name}.ts`, sourceUrl),
  );
