/** Run by a test in a network namespace: prints every announcement by multicast DNS that it hears, a line each. */
import { openMulticast } from "../../../shared/client/multicast.ts";

openMulticast().onResponse(({ answers, additionals }) => {
  const records = [...answers, ...additionals].map((record) => {
    const { data } = record;
    return { ...record, data: Array.isArray(data) ? data.map(String) : data };
  });
  console.log(JSON.stringify(records));
});
console.log("ready");
