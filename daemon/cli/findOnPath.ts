/** Where a shell would find a program: the first of these names, in the first folder of the PATH that may be looked in. */
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

export const findOnPath = (
  names: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  mayLookIn: (folder: string) => boolean = () => true,
): string | undefined =>
  (env.PATH ?? env.Path ?? "")
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && mayLookIn(folder))
    .flatMap((folder) => names.map((file) => join(folder, file)))
    .find(isExecutable);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
