/**
 * A socket in front of a daemon's, whose connections are destroyed: after some milliseconds or some bytes of the
 * answer, whichever comes first, so that frames are cut anywhere. The part before the cut arrives.
 */
import { connect, createServer, type Socket } from "node:net";

export interface Cut {
  readonly afterBytes: number;
  readonly afterMs: number;
}

/** `next` says where the next connection is cut; undefined: not at all. */
export const cuttingProxy = async (path: string, target: string, next: () => Cut | undefined) => {
  let cuts = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = connect(target);
    const cut = next();
    let left = cut?.afterBytes ?? Number.POSITIVE_INFINITY;
    let isCut = false;
    const end = () => {
      clearTimeout(timer);
      client.destroy();
      daemon.destroy();
    };
    const destroy = () => {
      if (!isCut) cuts++;
      isCut = true;
      end();
    };
    const timer = cut === undefined ? undefined : setTimeout(destroy, cut.afterMs);
    open.add(client).add(daemon);
    client.on("data", (chunk) => daemon.write(chunk));
    daemon.on("data", (chunk) => {
      if (isCut) return;
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left > 0) {
        // A reader that is slow is slow through us, too.
        if (!client.write(part)) daemon.pause();
        return;
      }
      isCut = true;
      cuts++;
      client.write(part, end);
    });
    client.on("drain", () => daemon.resume());
    for (const socket of [client, daemon]) {
      socket.on("error", end);
      socket.on("close", () => {
        open.delete(socket);
        end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    cuts: () => cuts,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
};
