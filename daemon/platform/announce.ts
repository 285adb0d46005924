/**
 * Makes a port of the daemon known on the local network, by multicast DNS, for as long as a scope is open. Only when
 * the person asks for it: whoever is on the network can read the name, the port and every value of `txt`, so that
 * nothing secret and no path may stand there.
 */
import { Effect, type Scope } from "effect";
import { openMulticast, vibeService } from "../../shared/client/multicast.ts";

export const announce = Effect.fn("announce")(function* (service: {
  /** One that no other daemon has. */
  readonly name: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}): Effect.fn.Return<void, never, Scope.Scope> {
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const multicast = openMulticast();
      for (const bonjour of multicast.bonjours) {
        // Not asked for first (`probe`): the name is this daemon's alone, and the library would print its objection.
        bonjour.publish({ ...service, txt: { ...service.txt }, type: vibeService, probe: false });
      }
      return multicast;
    }),
    ({ bonjours, close }) =>
      Effect.promise(async () => {
        // A goodbye, so that nobody goes on listing what is gone.
        await Promise.all(
          bonjours.map((bonjour) => new Promise<void>((said) => bonjour.unpublishAll(() => said()))),
        );
        await close();
      }).pipe(Effect.timeoutOption("2 seconds"), Effect.asVoid),
  );
});
