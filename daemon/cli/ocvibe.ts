/** The whole command tree. */
import { Command } from "effect/cli";
import { agent } from "./commands/agent.ts";
import { answerGate } from "./commands/answerGate.ts";
import { cancelSwarm } from "./commands/cancelSwarm.ts";
import { daemon } from "./commands/daemon.ts";
import { discardSwarm } from "./commands/discardSwarm.ts";
import { discover } from "./commands/discover.ts";
import { doctor } from "./commands/doctor.ts";
import { events } from "./commands/events.ts";
import { gc } from "./commands/gc.ts";
import { handover } from "./commands/handover.ts";
import { hive } from "./commands/hive.ts";
import { inbox } from "./commands/inbox.ts";
import { landSwarm } from "./commands/landSwarm.ts";
import { mail } from "./commands/mail.ts";
import { mcp } from "./commands/mcp.ts";
import { pauseSwarm } from "./commands/pauseSwarm.ts";
import { rebuild } from "./commands/rebuild.ts";
import { release } from "./commands/release.ts";
import { reservations } from "./commands/reservations.ts";
import { reserve } from "./commands/reserve.ts";
import { resumeSwarm } from "./commands/resumeSwarm.ts";
import { retrySubtask } from "./commands/retrySubtask.ts";
import { revertSwarm } from "./commands/revertSwarm.ts";
import { serve } from "./commands/serve.ts";
import { startSwarm } from "./commands/startSwarm.ts";
import { state } from "./commands/state.ts";
import { swarmStatus } from "./commands/swarmStatus.ts";
import { takeover } from "./commands/takeover.ts";
import { uninstall } from "./commands/uninstall.ts";
import { root } from "./root.ts";

export const ocvibe = root.pipe(
  Command.withSubcommands([
    startSwarm,
    swarmStatus,
    resumeSwarm,
    pauseSwarm,
    retrySubtask,
    cancelSwarm,
    landSwarm,
    revertSwarm,
    discardSwarm,
    inbox,
    answerGate,
    hive,
    agent,
    mail,
    reserve,
    release,
    reservations,
    takeover,
    handover,
    events,
    state,
    rebuild,
    gc,
    daemon,
    serve,
    mcp,
    doctor,
    discover,
    uninstall,
  ]),
);
