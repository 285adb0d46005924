import { assert, it } from "vitest";
import { forbidden } from "../../scripts/direction.ts";

it("lets imports go down and to shared, never up and never sideways", () => {
  const allowed: ReadonlyArray<readonly [string, string]> = [
    ["daemon/api/handlers/routes.ts", "daemon/orchestration/swarm/Swarms.ts"],
    ["daemon/orchestration/swarm/Swarms.ts", "daemon/primitives/EventStore.ts"],
    ["daemon/coordination/hive/Hive.ts", "daemon/coordination/hive/stamp.ts"],
    ["daemon/coordination/hive/Hive.ts", "daemon/coordination/reservations/Reservations.ts"],
    ["daemon/platform/Git.ts", "shared/contract/errors.ts"],
    ["daemon/cli/main.ts", "shared/client/connect.ts"],
    ["daemon/serve.ts", "daemon/api/listen.ts"],
  ];
  const refused: ReadonlyArray<readonly [string, string]> = [
    ["daemon/platform/Git.ts", "daemon/primitives/EventStore.ts"],
    ["daemon/coordination/hive/Hive.ts", "daemon/orchestration/swarm/Swarms.ts"],
    ["daemon/coordination/hive/Hive.ts", "daemon/coordination/reservations/leaseBook.ts"],
    ["daemon/cli/main.ts", "daemon/platform/Git.ts"],
    ["daemon/api/listen.ts", "daemon/cli/main.ts"],
    ["shared/contract/errors.ts", "daemon/platform/Git.ts"],
    ["extension/extension.ts", "daemon/api/listen.ts"],
  ];
  for (const [from, to] of allowed) assert.isUndefined(forbidden(from, to), `${from} → ${to}`);
  for (const [from, to] of refused) assert.isDefined(forbidden(from, to), `${from} → ${to}`);
});
