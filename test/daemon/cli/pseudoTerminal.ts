/** Runs a command on a pseudo-terminal (util-linux `script`) and types answers when their question appears. */
import { spawn } from "node:child_process";

export interface Typed {
  /** What must have appeared, after the one before it, until this is typed. */
  readonly after: string;
  readonly keys: string;
}

/** Answers everything that was on the terminal, escape sequences included, and the exit code. */
export const onTerminal = (
  argv: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly typed: ReadonlyArray<Typed> },
): Promise<{ readonly code: number | null; readonly screen: string }> =>
  new Promise((resolve, reject) => {
    const line = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const child = spawn(
      "script",
      ["--quiet", "--return", "--command", `stty cols 100 rows 30; exec ${line}`, "/dev/null"],
      {
        cwd: options.cwd,
        env: { ...options.env, SHELL: "/bin/sh", TERM: "xterm-256color" },
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    let screen = "";
    let read = 0;
    const waiting = [...options.typed];
    child.stdout.on("data", (chunk) => {
      screen += chunk;
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const at = screen.indexOf(next.after, read);
        if (at === -1) break;
        read = at + next.after.length;
        child.stdin.write(next.keys);
        waiting.shift();
      }
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, screen }));
  });
