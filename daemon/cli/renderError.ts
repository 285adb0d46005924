/**
 * An error as the command line ends with it: one sentence, the details indented below; or, with `--json`, one
 * line `{"error":{"tag","message",…}}`. Never a stack trace.
 */
import { join } from "node:path";
import { Schema } from "effect";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { AnyError } from "../../shared/contract/errors.ts";
import { checkLines } from "./render/renderPlan.ts";
import { plain, plainLines } from "./render/text.ts";

/** Lines of a failing check's output. */
const tail = 15;

export const renderError = (error: AnyError): ReadonlyArray<string> => [
  plainLines(error.message).join("\n"),
  ...details(error).map((line) => `  ${line}`),
];

/** `usage` stands in for errors of effect/cli, which have no tag of ours. */
export const jsonError = (error: AnyError): string => {
  const { _tag: tag, message, ...fields } = Schema.encodeSync(AnyError)(error);
  return JSON.stringify({ error: { tag, message, ...fields } });
};

const details = (error: AnyError): ReadonlyArray<string> => {
  switch (error._tag) {
    case "InvalidPlan": {
      const faults = error.faults.filter((fault) => fault.severity === "error");
      return faults.length < 2 ? [] : faults.map((fault) => plain(`${fault.where}: ${fault.message}`));
    }
    case "LeaseConflict":
      return error.conflicts.map((conflict) => {
        const until = conflict.expiresAt === undefined ? "" : `, until ${conflict.expiresAt}`;
        const cell = conflict.cell === undefined ? "" : ` for ${conflict.cell}`;
        return plain(
          `${conflict.requested} meets ${conflict.held}, held by ${conflict.holder}${cell}${until}`,
        );
      });
    case "ChecksNotApproved":
      return error.checks.flatMap(checkLines);
    case "BaseRed":
      return error.results
        .filter((result) => !result.passed)
        .flatMap((result) => {
          const lines = plainLines(result.output).filter((line) => line !== "");
          const cut = lines.length > tail ? ["…"] : [];
          return [`${plain(result.name)}:`, ...[...cut, ...lines.slice(-tail)].map((line) => `  ${line}`)];
        });
    case "LandingRefused":
      return error.paths.map(plain);
    case "InternalError":
      return [
        ...(error.reference === "" ? [] : [`Reference: ${error.reference}`]),
        `The log: ${join(dataFolder(), "logs", "daemon.log")}`,
      ];
    default:
      return [];
  }
};
