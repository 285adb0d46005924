/** How long a program takes from its start to its end, and the least that any program in Node takes. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export const timeProgram = async (
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> => {
  const start = performance.now();
  const child = spawn(process.execPath, args, { ...options, stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${args.join(" ")} ended with status ${code}`);
  return performance.now() - start;
};

export const bareNode = (): Promise<number> => timeProgram(["--eval", "0"]);
