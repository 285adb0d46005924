/**
 * A process that reads one stream of server-sent events so many times at once: when it has all connections it says so
 * in a line, and when each of them has ended or has had what was to come, what came and when (nanoseconds of the
 * machine's monotonic clock).
 */
import { get } from "node:http";

const [socketPath = "", path = "", token = "", count = "", each = ""] = process.argv.slice(2);
const wanted = Number(each);
let began = 0;

const read = () =>
  new Promise<ReadonlyArray<readonly [seq: number, at: string]>>((resolve, reject) => {
    const frames: Array<readonly [number, string]> = [];
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = get({ socketPath, path, agent: false, headers }, (answer) => {
      let rest = "";
      let hasBegun = false;
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        const at = String(process.hrtime.bigint());
        const parts = (rest + chunk).split("\n\n");
        rest = parts.pop() ?? "";
        if (!hasBegun && ++began === Number(count)) console.log("reading");
        hasBegun = true;
        for (const part of parts) {
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (data !== undefined) frames.push([JSON.parse(data).seq, at]);
        }
        if (frames.length < wanted) return;
        resolve(frames);
        answer.destroy();
      });
      answer.on("end", () => resolve(frames));
    });
    outgoing.on("error", reject);
  });

const all = await Promise.all(Array.from({ length: Number(count) }, read));
process.stdout.write(`${JSON.stringify(all)}\n`, () => process.exit(0));
