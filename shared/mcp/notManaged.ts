/** What a model is told in a folder that is no project of ours: nothing, and that this is no fault. */
import { NotFound } from "../contract/errors.ts";

export const notManaged = (project: string) =>
  new NotFound({
    message: `${project} is no project of OpenCode Vibe, so nobody is coordinated there and nothing needs to be reserved. The person makes it one with \`ocvibe agent register\` or \`ocvibe start\` in it. Go on without these tools.`,
  });
