/**
 * Runs one program and dies with the daemon. It is the leader of a process group of its own and holds a pipe
 * from the daemon: at end-of-file the daemon is gone, and the whole group is killed. It also kills what is left
 * of the group when the program ends.
 *
 * File descriptors: 0 to 2 are the program's; 3 is the pipe from the daemon, which first carries one line of
 * JSON (what to run); on 4 go the reports, a line of JSON each.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createReadStream, writeSync } from "node:fs";

export interface ShimOrder {
  readonly argv: ReadonlyArray<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export type ShimReport =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "ended"; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly kind: "failed"; readonly code: string };

const report = (message: ShimReport) => writeSync(4, `${JSON.stringify(message)}\n`);

let program: ChildProcess | undefined;

const killGroup = () => {
  if (process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  // Windows has no process groups, and its own tool ends a tree.
  if (program?.pid !== undefined) spawnSync("taskkill", ["/pid", String(program.pid), "/t", "/f"]);
  process.exit(0);
};

const failed = (error: unknown) => {
  report({ kind: "failed", code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN" });
  process.exit(0);
};

const run = ({ argv, cwd, env }: ShimOrder) => {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { cwd, env, stdio: "inherit", windowsHide: true });
  program = child;
  child.on("error", failed);
  child.on("spawn", () => report({ kind: "started", pid: child.pid ?? 0 }));
  child.on("exit", (exitCode, signal) => {
    report({ kind: "ended", exitCode, signal });
    killGroup();
  });
};

// The daemon stops us by closing the pipe; what the program is sent by a terminal is not ours to act on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
// Whatever goes wrong here, a report that nobody reads any more for instance, the program must not survive it.
process.on("uncaughtException", killGroup);

let order = "";
let started = false;
createReadStream("", { fd: 3 })
  .on("data", (chunk) => {
    order += chunk;
    const end = order.indexOf("\n");
    if (started || end === -1) return;
    started = true;
    try {
      run(JSON.parse(order.slice(0, end)));
    } catch (error) {
      // Some failures to start are thrown (an argument list that is too long), others are events.
      failed(error);
    }
  })
  .on("close", killGroup);
