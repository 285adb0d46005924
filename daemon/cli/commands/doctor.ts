/**
 * `ocvibe doctor`: whether this machine and project have what is needed, and how to mend what they have not. Each
 * line is ok, a note (worth knowing, and nothing is wrong) or a problem; problems alone make the exit code 1.
 */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { dataFolder } from "../../../shared/client/dataFolder.ts";
import type { Diagnosis } from "../../../shared/contract/daemonRoutes.ts";
import { asAnyError } from "../asAnyError.ts";
import { diskLine, folderLines, socketLines } from "../doctor/folderLines.ts";
import { programLines } from "../doctor/programLines.ts";
import { openSession } from "../openSession.ts";
import { painter, plain } from "../render/text.ts";
import { SilentExit } from "../SilentExit.ts";

type Line = typeof Diagnosis.Type;

export const doctor = Command.make(
  "doctor",
  {},
  Effect.fn("doctor")(function* () {
    const session = yield* openSession;
    const { project } = session;
    const folder = dataFolder();
    const own: Line = { what: "command", ok: true, detail: `this program is called as ${session.command()}` };
    const programs = yield* look(() => programLines(process.env));
    const local = folderLines(folder);
    const daemon = yield* session
      .ask((client, signal) => client.daemon.diagnose({ project }, { signal }))
      .pipe(
        Effect.catch((error) => Effect.succeed([asProblem("daemon", error.message), ...diskLine(folder)])),
      );
    // Last, since the daemon may have been started by the question.
    const socket = yield* look(() => socketLines(folder));
    const lines: ReadonlyArray<Line> = [...programs, own, ...local, ...socket, ...daemon];
    session.print(lines, doctorLines(lines, session.screen.colour));
    if (lines.some(({ ok }) => !ok)) return yield* new SilentExit({ code: 1 });
  }),
).pipe(Command.withDescription("Check this machine and project, and say how to mend what is wrong"));

const look = (lines: () => Promise<ReadonlyArray<Line>>) =>
  Effect.tryPromise({ try: lines, catch: asAnyError });

/** Our errors say first what failed, and then what to do. */
const asProblem = (what: string, message: string): Line => {
  const [, detail = message, remedy] = /^(.+?)\.\s+(.+)$/s.exec(message) ?? [];
  return { what, ok: false, detail, ...(remedy === undefined ? {} : { remedy }) };
};

const doctorLines = (lines: ReadonlyArray<Line>, colour: boolean): ReadonlyArray<string> => {
  const paint = painter(colour);
  return lines.flatMap(({ what, ok, note, detail, remedy }) => [
    `${ok ? (note ? paint("yellow", "note   ") : paint("green", "ok     ")) : paint("red", "problem")}  ${plain(what)}: ${plain(detail)}`,
    ...(remedy === undefined ? [] : [`         ${plain(remedy)}`]),
  ]);
};
