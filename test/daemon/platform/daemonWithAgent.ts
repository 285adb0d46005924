/**
 * Stands for the daemon in tests that kill it: runs one program, given as JSON in the first argument, and prints
 * what the program prints.
 */
import { Effect } from "effect";
import { environment, Processes } from "../../../daemon/platform/Processes.ts";

const { argv, cwd, marker } = JSON.parse(process.argv[2] ?? "{}");

await Effect.runPromise(
  Effect.gen(function* () {
    const processes = yield* Processes;
    yield* processes.run({
      argv,
      cwd,
      marker,
      env: environment(),
      onOutput: (chunk) => process.stdout.write(chunk),
    });
  }).pipe(Effect.provide(Processes.layer)),
);
