/**
 * Lays out the sample of `examples/`, a small library with its own checks, as a repository in a temporary folder,
 * with a plan and the programs that carry it out.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the sample's type check and tests need; it comes with this project's own `npm ci`. */
const samplePackages = ["typescript", "@typescript", "@types/node", "undici-types"];

export interface AmountsSample {
  /** The temporary folder with everything of this run. */
  readonly folder: string;
  readonly repository: string;
  readonly plan: string;
  readonly home: string;
}

/** `project` is the folder of this project, where the sample is. */
export const layOutAmounts = (project: string): AmountsSample => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-sample-")));
  const sample = join(folder, "amounts");
  const agents = join(folder, "agents");
  cpSync(join(project, "examples", "amounts"), sample, { recursive: true });
  cpSync(join(project, "examples", "agents"), agents, { recursive: true });
  for (const name of samplePackages) {
    const source = join(project, "node_modules", name);
    if (existsSync(source)) cpSync(source, join(sample, "node_modules", name), { recursive: true });
  }
  const bin = join(sample, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  const tsc = '#!/bin/sh\nexec node "$(dirname "$0")/../typescript/bin/tsc" "$@"\n';
  writeFileSync(join(bin, "tsc"), tsc, { mode: 0o755 });
  const git = (...args: ReadonlyArray<string>) => execFileSync("git", args, { cwd: sample, stdio: "ignore" });
  git("init", "--initial-branch=main");
  git("config", "user.name", "Sam Sample");
  git("config", "user.email", "sam@example.com");
  git("add", "--all");
  git("commit", "--no-gpg-sign", "--message", "Amounts: a small library for sums of money");
  const plan = join(folder, "plan.json");
  const template = readFileSync(join(project, "examples", "plan.json"), "utf8");
  writeFileSync(plan, template.replaceAll("{agents}", agents));
  return { folder, repository: sample, plan, home: join(folder, "home") };
};
