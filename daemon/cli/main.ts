/**
 * The entry of `ocvibe`. It imports nothing statically, so that an older Node can read it far enough to say one
 * clear sentence, and so that compiled code is kept between runs before anything heavy is loaded.
 */
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `ocvibe needs Node 24 or newer, and this is ${process.versions.node}. Install a newer Node and run it with that.\n`,
  );
  process.exitCode = 2;
} else {
  const { keepCompiledCode } = await import("../../shared/client/keepCompiledCode.ts");
  keepCompiledCode();
  const args = process.argv.slice(2);
  const { plainStatus } = await import("./plainStatus.ts");
  const status = plainStatus(args);
  if (status === undefined) {
    const { runCli } = await import("./runCli.ts");
    await runCli(args);
  } else {
    const { quickStatus } = await import("./quickStatus.ts");
    await quickStatus(status);
  }
}
