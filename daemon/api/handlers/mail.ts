/** The routes of mail between agents and the person. Who sends and who receives follows from the token. */
import { Duration, Effect } from "effect";
import { type AnyError, NotAllowed } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { Mail } from "../../coordination/mail/Mail.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { Deferred } from "../../primitives/Deferred.ts";
import { Mailbox } from "../../primitives/Mailbox.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, given, originOf, withProject } from "./request.ts";

export const mailHandlers: Handlers<
  Contract["mail"],
  Caller,
  AnyError,
  Mail | Mailbox | Deferred | Projects
> = {
  send: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { input, context } = request;
        const { id, to, subject, body, thread, importance, replyTo } = input;
        const message = { to, subject, ...given({ id, body, thread, importance, replyTo }) };
        const mail = yield* Mail;
        return yield* mail.send(originOf(project, context), { from: callerName(context), ...message });
      }),
    ),
  receive: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { limit, visibilitySeconds, waitSeconds } = request.input;
        const visibility = visibilitySeconds === undefined ? undefined : Duration.seconds(visibilitySeconds);
        const wait = waitSeconds === undefined ? undefined : Duration.seconds(waitSeconds);
        const mailbox = yield* Mailbox;
        const options = given({ limit, visibility, wait });
        return yield* mailbox.receive(project, callerName(request.context), options);
      }),
    ),
  ack: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { input, context } = request;
        const mailbox = yield* Mailbox;
        yield* mailbox.ack(originOf(project, context), callerName(context), input.id, input.delivery);
        return { id: input.id };
      }),
    ),
  seen: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { input, context } = request;
        yield* (yield* Mailbox).seen(originOf(project, context), callerName(context), input.id);
        return { id: input.id };
      }),
    ),
  inbox: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const whose = (yield* readable(request.context, request.input.of)) ?? callerName(request.context);
        return yield* (yield* Mailbox).inbox(project, whose);
      }),
    ),
  ask: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { input, context } = request;
        const { to, subject, body, expiresSeconds, waitSeconds = 0 } = input;
        const question = { from: callerName(context), to: [to], subject, ...given({ body }) };
        const expires = expiresSeconds === undefined ? undefined : Duration.seconds(expiresSeconds);
        const mail = yield* Mail;
        const asked = yield* mail.ask(originOf(project, context), question, given({ expires }));
        const deferred = yield* Deferred;
        // However it is settled, its view says so.
        yield* Effect.exit(deferred.await(project, asked.id)).pipe(Effect.timeoutOption(waitSeconds * 1000));
        return yield* deferred.get(project, asked.id);
      }),
    ),
  dead: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        // The person sees to everybody's.
        const whose = yield* readable(request.context, request.input.of);
        return yield* (yield* Mailbox).dead(project, whose);
      }),
    ),
  revive: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { input, context } = request;
        return yield* (yield* Mail).revive(originOf(project, context), input.recipient, input.id);
      }),
    ),
};

/** Whose mail is asked for: an agent's own, and for the person that of whom it names, if anybody. */
const readable = (caller: Caller, of: string | undefined) => {
  if (caller.kind !== "agent" || of === undefined || of === caller.name)
    return Effect.succeed(caller.kind === "agent" ? caller.name : of);
  return Effect.fail(
    new NotAllowed({ message: `${caller.name} can look into its own mail only, not into ${of}'s.` }),
  );
};
