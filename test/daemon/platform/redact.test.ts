import { assert, describe, it } from "@effect/vitest";
import fc from "fast-check";
import { redactor } from "../../../daemon/platform/redact.ts";

const through = (secrets: ReadonlyArray<string>, chunks: ReadonlyArray<Buffer>) => {
  const clean = redactor(secrets);
  return Buffer.concat([...chunks.map(clean.write), clean.end()]).toString("utf8");
};

describe("redactor", () => {
  it("finds a secret however the stream is cut, and changes nothing else", () => {
    const secret = "s3cret-t0ken";
    const piece = fc.oneof(fc.constant(secret), fc.constant("s3cret-"), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(""));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        assert.strictEqual(
          through([secret], chunks),
          bytes.toString("utf8").replaceAll(secret, "[redacted]"),
        );
      }),
    );
  });

  it("holds nothing back but the beginning of a secret", () => {
    const clean = redactor(["s3cret"]);
    assert.strictEqual(clean.write(Buffer.from("a line\n")).toString(), "a line\n");
    assert.strictEqual(clean.write(Buffer.from("a s3c")).toString(), "a ");
    assert.strictEqual(clean.write(Buffer.from("ond")).toString(), "s3cond");
  });

  it("passes on everything when there is no secret", () => {
    assert.strictEqual(through([""], [Buffer.from("text")]), "text");
  });
});
