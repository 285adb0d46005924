import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { OCVIBE_TEST_BUILD: "true" },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/replayStores.ts"],
    // Two cores is all that continuous integration has. Much of what a suite does is to wait for processes of its own.
    maxWorkers: 3,
    // The programs under test each begin with a data folder of their own, and would compile themselves anew.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules", ".cache", "code") },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
