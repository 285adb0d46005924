/**
 * An esbuild plugin: of libSQL everything is bundled but its native addon, `@libsql/<target>`, which is looked for from
 * the program's folder upwards. How the package finds out which addon is meant takes longer than to load it (a report
 * on the whole process), so that is replaced: the first that can be loaded is the right one.
 */
import type { Plugin } from "esbuild";

const currentTarget = `
const { platform, arch } = process;
const targets =
  platform === "win32" ? ["win32-" + arch + "-msvc"]
  : platform !== "linux" ? [platform + "-" + arch]
  : arch === "arm" ? ["linux-arm-gnueabihf", "linux-arm-musleabihf"]
  : ["linux-" + arch + "-gnu", "linux-" + arch + "-musl"];
exports.currentTarget = () => {
  const loads = (target) => {
    try {
      return require("@libsql/" + target) !== undefined;
    } catch {
      return false;
    }
  };
  // Of none, the first one's own error is what the caller gets.
  return targets.find(loads) ?? targets[0];
};
`;

/** It is asked only to correct what the other answered. */
const familySync = "exports.familySync = () => null;";

export const nativeLibsql: Plugin = {
  name: "native-libsql",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^@libsql\/(linux|darwin|win32)-/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /[\\/]@neon-rs[\\/]load[\\/]dist[\\/]index\.js$/ }, () => ({ contents: currentTarget }));
    onLoad({ filter: /[\\/]detect-libc[\\/]lib[\\/]detect-libc\.js$/ }, () => ({ contents: familySync }));
  },
};
