/**
 * The terminal, or what stands in its place: where lines go, how wide it is, whether somebody can be asked.
 * A service, so that tests can be the person.
 */
import { Context, Effect, Layer } from "effect";

export class Screen extends Context.Service<
  Screen,
  {
    /** A line of the result. */
    readonly out: (line: string) => void;
    /** A line beside the result: progress with `--json`, errors. */
    readonly err: (line: string) => void;
    /** Raw text to the terminal, for a display that redraws itself. */
    readonly draw: (text: string) => void;
    /** Somebody reads and types. */
    readonly interactive: boolean;
    /** The cursor can be moved. */
    readonly animate: boolean;
    readonly colour: boolean;
    readonly columns: () => number;
    readonly rows: () => number;
    /** Asks until Enter; only `y` and `yes` are a yes. */
    readonly ask: (question: string) => Effect.Effect<boolean>;
  }
>()("opencode-vibe/cli/Screen") {
  static readonly layer = Layer.sync(Screen, () => {
    const { stdout, stderr, stdin, env } = process;
    const terminal = stdout.isTTY === true && env.TERM !== "dumb";
    return Screen.of({
      out: (line) => {
        stdout.write(`${line}\n`);
      },
      err: (line) => {
        stderr.write(`${line}\n`);
      },
      draw: (text) => {
        stdout.write(text);
      },
      interactive: stdin.isTTY === true && stdout.isTTY === true,
      animate: terminal,
      colour: terminal && (env.NO_COLOR ?? "") === "",
      columns: () => stdout.columns || 80,
      rows: () => stdout.rows || 24,
      ask,
    });
  });
}

const ask = (question: string): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    // Few commands ask anything.
    const asked = import("node:readline").then(({ createInterface }) => {
      const reader = createInterface({ input: process.stdin, output: process.stdout });
      reader.on("SIGINT", () => {
        process.stdout.write("\n");
        process.kill(process.pid, "SIGINT");
      });
      reader.on("close", () => resume(Effect.succeed(false)));
      reader.question(`${question} [y/N] `, (answer) => {
        resume(Effect.succeed(/^y(es)?$/i.test(answer.trim())));
        reader.close();
      });
      return reader;
    });
    return Effect.promise(async () => (await asked).close());
  });
