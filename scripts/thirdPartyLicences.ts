/** The licences of the packages whose code is in the bundles, as their notices ask to be passed on. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** `inputs` are paths of the bundler's account, relative to `root`. */
export const thirdPartyLicences = (root: string, inputs: Iterable<string>): string => {
  const folders = new Set<string>();
  for (const input of inputs) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder !== undefined) folders.add(folder.replace(/^[a-z-]+:/, ""));
  }
  return [...folders]
    .sort()
    .map((folder) => licenceOf(join(root, folder)))
    .join(`\n${"-".repeat(80)}\n\n`);
};

const licenceOf = (folder: string): string => {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const [file] = globSync("{LICENSE,LICENCE,license,licence,COPYING}*", { cwd: folder });
  const by = typeof author === "string" ? author : (author?.name ?? "its authors");
  const text =
    file === undefined
      ? `Copyright by ${by}. The package has no licence text of its own.`
      : readFileSync(join(folder, file), "utf8");
  return `${name} ${version} (${license ?? "no licence named"})\n\n${text.trim()}\n`;
};
