/**
 * The one rule of direction (docs/architecture.md): api → orchestration → coordination → primitives → platform,
 * never up, never sideways between two coordination folders. `shared` imports nothing of ours; `extension`,
 * `webview` and `daemon/cli` import only `shared`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const layers = [
  "daemon/platform",
  "daemon/primitives",
  "daemon/coordination",
  "daemon/orchestration",
  "daemon/api",
];
const onlyShared = ["extension", "webview", "daemon/cli"];

const inside = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
const coordinationFolder = (path: string) => /^daemon\/coordination\/([^/]+)\//.exec(path)?.[1];

/** Why `from` may not import `to`, or undefined when it may. Paths are relative to the root. */
export function forbidden(from: string, to: string): string | undefined {
  if (inside(from, "test") || inside(from, "scripts")) return undefined;
  if (inside(from, "shared")) return inside(to, "shared") ? undefined : "shared imports nothing of ours";
  const thin = onlyShared.find((folder) => inside(from, folder));
  if (thin !== undefined) {
    return inside(to, thin) || inside(to, "shared") ? undefined : `${thin} imports only shared`;
  }
  if (inside(to, "shared")) return undefined;
  if (onlyShared.some((folder) => inside(to, folder))) return "the daemon does not import its clients";
  const fromLayer = layers.findIndex((layer) => inside(from, layer));
  const toLayer = layers.findIndex((layer) => inside(to, layer));
  // daemon/serve.ts wires every layer together.
  if (fromLayer === -1) return undefined;
  if (toLayer === -1 || toLayer > fromLayer) return `${layers[fromLayer]} may not import upwards`;
  const [a, b] = [coordinationFolder(from), coordinationFolder(to)];
  if (fromLayer === 2 && toLayer === 2 && a !== b && !isService(to))
    return "sideways, and not through a service";
  return undefined;
}

/** A coordination folder's service is the file that bears the service's name, in PascalCase. */
const isService = (path: string) => /\/[A-Z][A-Za-z]*\.ts$/.test(path);

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== "node_modules") yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

if (import.meta.main) {
  let faults = 0;
  // A folder that holds nothing yet is not in a clone.
  for (const folder of ["shared", "daemon", "extension", "webview"].filter((name) =>
    existsSync(`${root}/${name}`),
  )) {
    for (const file of sources(`${root}/${folder}`)) {
      for (const match of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
        const from = relative(root, file);
        const to = relative(root, resolve(dirname(file), match[1] ?? ""));
        // Data, not a module: the package's version.
        if (to === "package.json") continue;
        const reason = forbidden(from, to);
        if (reason !== undefined) {
          console.error(`${from} imports ${to}: ${reason}`);
          faults++;
        }
      }
    }
  }
  process.exitCode = faults === 0 ? 0 : 1;
}
