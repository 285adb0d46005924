/** `ocvibe mail`: agents and the person write to each other, and what is said when something is wrong. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DeferredView } from "../../shared/contract/deferredRoutes.ts";
import type { DeadLetter, Delivery, Message } from "../../shared/contract/mailRoutes.ts";
import { type CliResult, Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf } from "./refusals.ts";

let box: Sandbox;
let ann: string;
let bob: string;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "src/a.ts": "a\n" });
  ann = await register("Ann");
  bob = await register("Bob");
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const parsed = <A>(result: CliResult): A => {
  assert.strictEqual(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as A;
};
const register = async (name: string) =>
  parsed<{ token: string }>(await box.cli(["agent", "register", name, "--json"])).token;
const person = "";
const mail = (token: string, ...args: ReadonlyArray<string>) =>
  box.cli(["mail", ...args], token === person ? {} : { env: { OCVIBE_AGENT_TOKEN: token } });
const json = async <A>(token: string, ...args: ReadonlyArray<string>) =>
  parsed<A>(await mail(token, ...args, "--json"));
const said = async (token: string, ...args: ReadonlyArray<string>) => {
  const result = await mail(token, ...args);
  assert.strictEqual(result.code, 0, result.stderr);
  return result.stdout;
};

describe("mail", () => {
  it("goes from agent to agent to person, each in its own name", async () => {
    const file = join(box.folder, "body.txt");
    writeFileSync(file, "line one\nline \u001b[31mtwo\n");
    const sent = await json<Message>(ann, "send", "Bob", "person", "--subject", "found it", "--file", file);
    assert.deepInclude(sent, { from: "Ann", to: ["Bob", "person"], body: "line one\nline \u001b[31mtwo\n" });
    assert.deepStrictEqual(await json(bob, "inbox"), [sent]);
    assert.deepStrictEqual(await json(ann, "inbox"), []);
    assert.deepStrictEqual(await json(person, "inbox", "--of", "Bob"), [sent]);

    const [got, ...none] = await json<ReadonlyArray<Delivery>>(bob, "receive");
    assert.deepStrictEqual(none, []);
    assert.deepInclude(got, { ...sent, deliveries: 1 });
    assert.deepStrictEqual(await json(bob, "receive"), []);
    assert.deepStrictEqual(await json(bob, "ack", sent.id, got!.delivery), { id: sent.id });
    assert.deepStrictEqual(await json(bob, "inbox"), []);
    assertRefusedConflict(await mail(bob, "ack", sent.id, got!.delivery), "not in Bob's hand");

    const waits = parsed<ReadonlyArray<object>>(await box.cli(["inbox", "--json"]));
    assert.deepStrictEqual(waits, [{ kind: "mail", mail: sent.id, message: "Mail from Ann: found it" }]);
    assert.match(
      (await box.cli(["inbox"])).stdout,
      /^Mail from Ann: found it\n {2}read it {5}.*mail receive\n$/,
    );
    const shown = await said(person, "receive", "--ack");
    assert.match(shown, /^\S+Z {2}Ann: found it\n {2}to Bob, person\n {2}line one\n {2}line two\n$/);
    assert.strictEqual(await said(person, "receive"), "No mail waits.\n");
  });

  it("says how to ack, and that it comes back otherwise", async () => {
    await said(ann, "send", "Bob", "--subject", "again", "--importance", "urgent", "--thread", "t");
    const shown = await said(bob, "receive", "--visibility", "1");
    assert.match(shown, /Ann \[urgent\]: again\n {2}in thread t\n {2}Done with it\? .*mail ack \S+ \S+/);
    assert.match(shown, /Otherwise it comes back at /);
    const later = await said(bob, "receive", "--wait", "20");
    assert.match(later, /\(handed out for the second time\)/);
    const command = /mail (ack \S+ \S+)/.exec(later)?.[1] ?? "";
    assert.match(await said(bob, ...command.split(" ")), /^Done with /);
  });

  it("waits for mail", async () => {
    const waiting = json<ReadonlyArray<Delivery>>(bob, "receive", "--wait", "40");
    await said(person, "send", "Bob", "--subject", "here");
    const [got] = await waiting;
    assert.deepInclude(got, { from: "person", subject: "here" });
    await said(bob, "ack", got!.id, got!.delivery);
  });

  it("asks, and is answered or refused", async () => {
    const asked = json<DeferredView>(ann, "ask", "person", "--subject", "which one?");
    const [question] = await json<ReadonlyArray<Delivery>>(person, "receive", "--wait", "40");
    assert.match(await said(person, "reply", question!.replyTo!, "the second"), /^Answered/);
    assert.deepInclude(await asked, { state: "resolved", value: "the second" });
    await said(person, "ack", question!.id, question!.delivery);

    const refused = mail(ann, "ask", "person", "--subject", "and now?");
    const [other] = await json<ReadonlyArray<Delivery>>(person, "receive", "--wait", "40");
    await said(person, "reply", other!.replyTo!, "Not now.", "--reject");
    assertRefused(await refused, { code: 1, says: ["The answer is a refusal: Not now."] });
    await said(person, "ack", other!.id, other!.delivery);
    assertRefusedConflict(await mail(person, "reply", other!.replyTo!, "too late"), "settled once");
    const late = await mail(ann, "ask", "Bob", "--subject", "hurry", "--expires", "1");
    assertRefused(late, { code: 1, says: ["Nobody answered in time"] });
    await said(bob, "receive", "--ack");
  });

  it("of an agent that ends is dead, and is not put back for nobody", async () => {
    await register("Short");
    const sent = await json<Message>(ann, "send", "Short", "--subject", "too late");
    parsed(await box.cli(["agent", "end", "Short", "--json"]));
    const dead = await json<ReadonlyArray<DeadLetter>>(person, "dead");
    assert.deepInclude(dead[0], { ...sent, recipient: "Short", deliveries: 0 });
    assert.match(
      await said(person, "dead"),
      /Ann: too late\n {2}to Short, given up after 0 deliveries: Short has ended.*\n {2}Put it back: .*\n\n1 dead letter\./,
    );
    assert.deepStrictEqual(await json(bob, "dead"), []);
    assertRefused(await mail(person, "revive", sent.id, "Short"), {
      code: 2,
      says: ["Nobody here is called Short"],
    });
    assertRefused(await mail(person, "revive", sent.id, "Bob"), { code: 2, says: ["no dead letter"] });
    assertRefused(await mail(bob, "revive", sent.id, "Bob"), {
      code: 1,
      says: ["Only the person may do this"],
    });
  });

  it("sent by the same call twice is there once", async () => {
    const call = ["send", "Bob", "--subject", "once", "--id", "01980000-0000-7000-8000-000000000001"];
    const first = await json<Message>(ann, ...call);
    assert.deepStrictEqual(await json(ann, ...call), first);
    assert.deepStrictEqual(await json(bob, "inbox"), [first]);
    const other = await mail(ann, ...call.with(3, "twice"));
    assertRefused(other, { code: 1, says: ["used before with other content"] });
    await said(bob, "receive", "--ack");
  });

  it("that can't be is refused with what to do", async () => {
    const large = join(box.folder, "large.txt");
    writeFileSync(large, "x".repeat(10_000_000));
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string | RegExp]> = [
      [
        ["send", "Nobody", "--subject", "s"],
        /Nobody here is called Nobody.*You can write to Ann, Bob, person/,
      ],
      [["send", "Bob", "--subject", " "], "needs a subject"],
      [["send", "Bob", "--subject", "x".repeat(501)], "501 characters; 500 is the most"],
      [["send", "Bob", "--subject", "s", "--file", large], /65536.*Put it into a file/],
      [["send", "Bob", "--subject", "s", "--file", join(box.folder, "none")], "can't be read (ENOENT)"],
      [["send", "Bob", "--subject", "s", "--file", large, "--body", "b"], "not by both"],
      [["send", "Bob", "--subject", "s", "--id", "7"], "is a UUIDv7"],
      [["receive", "--limit", "0"], "ask for 1 to 100"],
      [["receive", "--visibility", "0"], "1 ms to 12 hours"],
      [["receive", "--visibility", "-5"], /./],
      [["receive", "--wait", "-5", "--limit", "101"], "ask for 1 to 100"],
      [["send", "Bob"], "subject"],
      [["send", "--subject", "s"], "recipient"],
    ];
    for (const [args, says] of cases) assertRefused(await mail(ann, ...args), { code: 2, says: [says] });
    assert.deepStrictEqual(await json(bob, "inbox"), []);
    const { tag, recipients } = jsonErrorOf(await mail(ann, "send", "X", "Bob", "--subject", "s", "--json"));
    assert.deepStrictEqual([tag, recipients], ["UnknownRecipient", ["X"]]);
    assertRefused(await mail(bob, "inbox", "--of", "Ann"), { code: 1, says: ["its own mail only"] });
  });
});

const assertRefusedConflict = (result: CliResult, says: string) => {
  assert.strictEqual(result.code, 3, result.stderr);
  assert.include(result.stderr, says);
};
