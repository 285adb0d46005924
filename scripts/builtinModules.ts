/**
 * An esbuild plugin: Node's own modules come from `process.getBuiltinModule`, name by name. An import statement of
 * one reads every name that it exports, and some of these load a large part of Node that nobody asked for: of
 * `node:fs` the line editor, of `node:crypto` all of Web Crypto.
 */
import type { Plugin } from "esbuild";

const ours = /^node:[a-z_/]+$/;

export const builtinModules: Plugin = {
  name: "builtin-modules",
  setup: ({ onResolve, onLoad }) => {
    // What a package calls require() for is given to it whole, and unread.
    onResolve({ filter: ours }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin", sideEffects: false } : undefined,
    );
    onLoad({ filter: ours, namespace: "builtin" }, async ({ path }) => {
      const names = Object.keys((await import(path)) as object).filter(
        (name) => name !== "default" && name !== "module.exports",
      );
      return {
        contents: [
          `const all = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`,
          "const named = (name) => all[name];",
          ...names.map((name) => `export const ${name} = /* @__PURE__ */ named(${JSON.stringify(name)});`),
          "export default all;",
        ].join("\n"),
      };
    });
  },
};
