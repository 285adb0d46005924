import { connect } from "/work/main/shared/client/connect.ts";
const project = process.argv[2]!; const cmd = process.argv[3]!;
const client = await connect({ start: true });
try {
if (cmd === "start") {
  const text = (await import("node:fs")).readFileSync(process.argv[4]!, "utf8");
  const p = await client.swarm.propose({ project, text });
  console.log(JSON.stringify(p, null, 1).slice(0, 1500));
  await client.swarm.approveChecks({ project, base: p.base, hashes: [...p.checks, ...(p.setup ? [p.setup] : [])].map((c) => c.check.hash) });
  console.log((await client.swarm.checkBase({ project, base: p.base })).results.map(r=>[r.name,r.passed,r.output.slice(-300)]));
  const v = await client.swarm.start({ project, text, base: p.base, approvedPlan: p.planHash, land: process.argv[5] === "--land" });
  console.log("started", v.epic);
  for await (const { data } of client.swarm.watch({ project, epic: v.epic })) {
    if (data.kind === "event") console.log(data.event.seq, data.event.type, JSON.stringify(data.event.data).slice(0, 200));
    else if (data.kind === "progress") console.log("   ", data.cell, data.line);
    else if (data.swarm.status !== "running") console.log(JSON.stringify(data.swarm, null, 1));
  }
} else if (cmd === "status") { console.log(JSON.stringify(await client.swarm.list({ project }), null, 1)); console.log(await client.daemon.status({})); }
else if (cmd === "stop") console.log(await client.daemon.stop({}));
else if (cmd === "rebuild") console.log(await client.events.rebuild({}));
else if (cmd === "resume") { const v = await client.swarm.resume({project, epic: process.argv[4]!}); console.log(v.status);
  for await (const { data } of client.swarm.watch({ project, epic: v.epic })) {
    if (data.kind === "event") console.log(data.event.seq, data.event.type, JSON.stringify(data.event.data).slice(0, 200));
    else if (data.kind === "state" && data.swarm.status !== "running") console.log(JSON.stringify(data.swarm, null, 1));
  } }
} catch (e) { console.error(e); }
