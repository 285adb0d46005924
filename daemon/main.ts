/**
 * The entry of the daemon. It imports nothing statically, so that an older Node can read it far enough to say one
 * clear sentence.
 */
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `The daemon needs Node 24 or newer, and this is ${process.versions.node}. Install a newer Node and run it with that.\n`,
  );
  process.exitCode = 2;
} else {
  const { keepCompiledCode } = await import("../shared/client/keepCompiledCode.ts");
  keepCompiledCode();
  const { prepareSqlWorker } = await import("./platform/takeSqlWorker.ts");
  prepareSqlWorker();
  await import("./serve.ts");
  // Else each thread's space for young objects grows to tens of megabytes after a burst of work, and stays so.
  // Set before, it would make the loading itself slower by half.
  process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
}
