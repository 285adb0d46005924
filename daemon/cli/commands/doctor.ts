/** `ocvibe doctor`: whether this machine and project have what is needed, and how to mend what they have not. */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { Effect } from "effect";
import { Command } from "effect/cli";
import { dataFolder } from "../../../shared/client/dataFolder.ts";
import type { Diagnosis } from "../../../shared/contract/routes.ts";
import { painter, plain } from "../render/text.ts";
import { openSession } from "../Session.ts";
import { SilentExit } from "../SilentExit.ts";

type Line = typeof Diagnosis.Type;

/** `git merge-tree --write-tree`, which merging is built on, came with this version. */
const oldestGit = [2, 38] as const;

export const doctor = Command.make(
  "doctor",
  {},
  Effect.fn("doctor")(function* () {
    const session = yield* openSession;
    const { project } = session;
    const command: Line = {
      what: "command",
      ok: true,
      detail: `this program is called as ${session.command()}`,
    };
    const local = [nodeLine(), yield* gitLine, folderLine(dataFolder()), command];
    const remote = yield* session
      .ask((client, signal) => client.daemon.diagnose({ project }, { signal }))
      .pipe(Effect.catch(({ message }) => Effect.succeed([{ what: "daemon", ok: false, detail: message }])));
    const lines: ReadonlyArray<Line> = [...local, ...remote];
    session.print(lines, doctorLines(lines, session.screen.colour));
    if (lines.some(({ ok }) => !ok)) return yield* new SilentExit({ code: 1 });
  }),
).pipe(Command.withDescription("Check this machine and project, and say how to mend what is wrong"));

export const doctorLines = (lines: ReadonlyArray<Line>, colour: boolean): ReadonlyArray<string> => {
  const paint = painter(colour);
  return lines.flatMap(({ what, ok, detail, remedy }) => [
    `${ok ? paint("green", "ok     ") : paint("red", "problem")}  ${plain(what)}: ${plain(detail)}`,
    ...(remedy === undefined ? [] : [`         ${plain(remedy)}`]),
  ]);
};

const nodeLine = (): Line => ({
  what: "node",
  ok: true,
  detail: `${process.versions.node} (${process.execPath})`,
});

const gitLine: Effect.Effect<Line> = Effect.callback((resume) => {
  execFile("git", ["--version"], (error, stdout) => {
    resume(Effect.succeed(error === null ? judgeGit(stdout) : gitMissing));
  });
});

const gitRemedy = `Install git ${oldestGit.join(".")} or newer.`;
const gitMissing: Line = {
  what: "git",
  ok: false,
  detail: "git was not found on the PATH",
  remedy: gitRemedy,
};

export const judgeGit = (versionText: string): Line => {
  const [, version = "", major = "0", minor = "0"] = /((\d+)\.(\d+)[\w.]*)/.exec(versionText) ?? [];
  const [oldMajor, oldMinor] = oldestGit;
  const ok = Number(major) > oldMajor || (Number(major) === oldMajor && Number(minor) >= oldMinor);
  const detail = version === "" ? `git answered "${versionText.trim()}"` : version;
  return { what: "git", ok, detail, ...(ok ? {} : { remedy: gitRemedy }) };
};

const folderLine = (folder: string): Line => {
  // A folder that does not exist yet is made in the nearest one that does.
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    return {
      what: "data folder",
      ok: true,
      detail: existsSync(folder) ? folder : `${folder} (made when first needed)`,
    };
  } catch {
    const remedy = `Make ${nearest} writable, or set OCVIBE_HOME to another folder.`;
    return { what: "data folder", ok: false, detail: `${folder} can't be written`, remedy };
  }
};
