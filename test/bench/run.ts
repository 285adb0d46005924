/** `npm run bench`: every benchmark in this folder, one after the other, each figure beside its raw limit. */
import { readdirSync } from "node:fs";
import { cpus } from "node:os";

console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}\n`);
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith(".bench.ts"))) {
  const { run } = (await import(`./${file}`)) as { run: () => Promise<void> };
  await run();
}
