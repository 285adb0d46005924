/** Understands the few things that the display sends, and keeps every line that was ever on the terminal. */
const esc = String.fromCharCode(27);
/** An escape sequence, or one character. */
const tokens = new RegExp(`(${esc}\\[\\??(\\d*)([A-Za-z]))|[\\s\\S]`, "gu");

export class FakeTerminal {
  readonly lines: Array<string> = [""];
  cursorShown = true;
  columnsNow: number;
  private row = 0;
  private column = 0;

  constructor(columns: number) {
    this.columnsNow = columns;
  }

  readonly screen = {
    draw: (text: string) => this.write(text),
    columns: () => this.columnsNow,
    rows: () => 24,
    colour: false,
  };

  write(text: string): void {
    for (const [token, , count, what] of text.matchAll(tokens)) {
      if (what === "A") this.row = Math.max(0, this.row - Number(count));
      else if (what === "K") this.lines[this.row] = (this.lines[this.row] ?? "").slice(0, this.column);
      else if (what === "J") {
        this.lines[this.row] = (this.lines[this.row] ?? "").slice(0, this.column);
        this.lines.length = this.row + 1;
      } else if (token === "\u001b[?25l") this.cursorShown = false;
      else if (token === "\u001b[?25h") this.cursorShown = true;
      else if (what !== undefined) continue;
      else if (token === "\r") this.column = 0;
      else if (token === "\n") {
        this.row++;
        this.column = 0;
        this.lines[this.row] ??= "";
      } else {
        const line = this.lines[this.row] ?? "";
        this.lines[this.row] = line.slice(0, this.column) + token + line.slice(this.column + 1);
        this.column++;
      }
    }
  }
}
