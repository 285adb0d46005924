/** Reads the arguments of a plain call of `status`. It stands alone, since it is read before anything is loaded. */

export interface StatusCall {
  readonly json: boolean;
  readonly project: string | undefined;
  readonly epic: string | undefined;
}

/** Undefined for whatever else; that is the command-line library's to understand, or to refuse. */
export const plainStatus = (args: ReadonlyArray<string>): StatusCall | undefined => {
  const words: Array<string> = [];
  let json = false;
  let project: string | undefined;
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--json" && !json) json = true;
    else if (word === "--project" && project === undefined) {
      project = rest.shift();
      if (project === undefined || isOdd(project)) return undefined;
    } else if (isOdd(word)) return undefined;
    else words.push(word);
  }
  const [command, epic, ...more] = words;
  return command === "status" && more.length === 0 ? { json, project, epic } : undefined;
};

const isOdd = (word: string) => word === "" || word.startsWith("-");
