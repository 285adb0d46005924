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
  const { begin } = await import("./begin.ts");
  await begin();
}
