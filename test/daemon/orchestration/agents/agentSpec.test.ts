import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { agentFault, parseAgentSpec } from "../../../../daemon/orchestration/agents/agentSpec.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

describe("parseAgentSpec", () => {
  it("splits at white space and knows no quoting", () => {
    assert.deepStrictEqual(parseAgentSpec(`command:node  "my agent.js" \t$HOME ; rm`), {
      runtime: "command",
      argv: ["node", `"my`, `agent.js"`, "$HOME", ";", "rm"],
    });
  });

  it("says what is wrong and what to write", () => {
    for (const spec of ["node agent.js", "shell:ls", "", "command", "Command:ls"]) {
      assert.match(String(parseAgentSpec(spec)), /of no known kind; write command:PROG/);
    }
    assert.match(String(parseAgentSpec("command: \t ")), /names no program; write command:PROG/);
  });
});

describe("agentFault", () => {
  it.live("finds a program on the PATH or from the folder, and says what is missing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        const bin = join(folder, "bin");
        mkdirSync(join(bin, "folder"), { recursive: true });
        for (const name of ["agent", "plain"]) writeFileSync(join(bin, name), "#!/bin/sh\n");
        chmodSync(join(bin, "agent"), 0o755);
        chmodSync(join(bin, "plain"), 0o644);
        const fault = (spec: string) => agentFault(spec, folder, `:/nowhere:${bin}`);
        assert.isUndefined(fault("command:agent x"));
        assert.isUndefined(fault("command:./bin/agent"));
        assert.isUndefined(fault(`command:${bin}/agent`));
        for (const program of ["missing", "folder", "plain"]) {
          assert.match(
            fault(`command:${program}`) ?? "",
            new RegExp(`program ${program} was not found on the PATH`),
          );
        }
        for (const program of ["./missing", "./bin/folder", "./bin/plain"]) {
          assert.include(
            fault(`command:${program}`) ?? "",
            `program ${program} was not found or is not executable`,
          );
        }
        assert.match(fault("shell:ls") ?? "", /no known kind/);
      }),
    ),
  );
});
