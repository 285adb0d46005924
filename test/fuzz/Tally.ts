/** What became of the inputs of a fuzz: shares and counts, to be printed. */
export class Tally {
  private asked = 0;
  private reached = 0;
  private succeeded = 0;
  private readonly byName = new Map<string, { ok: number; failed: number; refused: number; ms: number }>();
  private readonly byTag = new Map<string, number>();

  /** `reached` says that a handler was asked; `tag` is "ok" or the error's. */
  count(name: string, tag: string, reached: boolean, ms: number): void {
    this.asked++;
    if (reached) this.reached++;
    if (tag === "ok") this.succeeded++;
    const entry = this.byName.get(name) ?? { ok: 0, failed: 0, refused: 0, ms: 0 };
    entry.ms += ms;
    entry[tag === "ok" ? "ok" : reached ? "failed" : "refused"]++;
    this.byName.set(name, entry);
    this.byTag.set(tag, (this.byTag.get(tag) ?? 0) + 1);
  }

  get reachedShare(): number {
    return this.reached / this.asked;
  }

  get successShare(): number {
    return this.succeeded / this.asked;
  }

  get tags(): ReadonlyMap<string, number> {
    return this.byTag;
  }

  /** Names that nothing ever succeeded for. */
  neverOk(names: ReadonlyArray<string>): ReadonlyArray<string> {
    return names.filter((name) => (this.byName.get(name)?.ok ?? 0) === 0);
  }

  lines(): ReadonlyArray<string> {
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    const descending = [...this.byTag].sort((a, b) => b[1] - a[1]);
    return [
      `${this.asked} inputs: ${percent(this.reachedShare)} reached a handler, ${percent(this.successShare)} succeeded`,
      ...[...this.byName]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(
          ([name, { ok, failed, refused, ms }]) =>
            `  ${name}: ${ok} ok, ${failed} failed in the handler, ${refused} refused before, ${Math.round(ms / (ok + failed + refused))} ms each`,
        ),
      `  by tag: ${descending.map(([tag, times]) => `${tag} ${times}`).join(", ")}`,
    ];
  }
}
