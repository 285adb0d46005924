/**
 * Threads for the database. A daemon makes its first one before it has loaded itself: beginning a thread and loading the
 * driver there takes as long as all the rest of its start. The thread opens no file before it is told which
 * (`sqlThread.ts`), so one that turns out not to be needed has touched nothing.
 */
import { Worker } from "node:worker_threads";
import { sibling } from "./sibling.ts";

let prepared: Worker | undefined;

const begin = () => new Worker(sibling("sqlWorker", import.meta.url));

/** Begins the thread that the first taker will get. It does not keep the process alive until then. */
export const prepareSqlWorker = (): void => {
  prepared = begin();
  prepared.unref();
};

export const takeSqlWorker = (): Worker => {
  const worker = prepared ?? begin();
  prepared = undefined;
  worker.ref();
  return worker;
};
