/**
 * One window of the VS Code under test: its page, as a person uses it, and the way into its extension host. What is
 * asserted comes from the probe; the page is used to act, and to prove once for each surface that it is wired.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { nextProbe } from "./nextProbe.ts";
import type { Probe } from "./Probe.ts";

/** Where pictures of failed tests go. */
export const pictures = join(import.meta.dirname, "..", "..", "..", "test-results");

/** Of a browser's `navigator`, which Node's types know otherwise. */
interface Clipboard {
  readonly clipboard: { readonly writeText: (text: string) => Promise<void> };
}

export class VsCodeWindow {
  readonly page: Page;
  readonly #probes: string;
  #probe: Probe;

  private constructor(page: Page, probes: string, probe: Probe) {
    this.page = page;
    this.#probes = probes;
    this.#probe = probe;
  }

  static async open(page: Page, url: string, probes: string): Promise<VsCodeWindow> {
    const probe = await nextProbe(probes, () => page.goto(url));
    const window = new VsCodeWindow(page, probes, probe);
    await page.locator(".monaco-workbench .statusbar").waitFor();
    return window;
  }

  /** The extension host that runs now; reloading the window starts another. */
  get probe(): Probe {
    return this.#probe;
  }

  async reload(): Promise<void> {
    this.#probe = await nextProbe(this.#probes, () => this.page.reload());
    await this.page.locator(".monaco-workbench .statusbar").waitFor();
  }

  /** Runs a command as a person does: opens the palette, types its title and takes the entry of that title. */
  async palette(title: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input[type=text]");
    // One quick input that closes takes the key that was to open the next.
    for (let opened = false; !opened; ) {
      await this.page.keyboard.press("F1");
      opened = await input.waitFor({ timeout: 3000 }).then(
        () => true,
        () => false,
      );
    }
    await input.fill(`>${title}`);
    await this.quickPick(title).click();
  }

  /** The entry of the quick pick that is open whose text is this, or begins with it. */
  quickPick(label: string): Locator {
    return this.page
      .locator(".quick-input-list .monaco-list-row")
      .filter({ has: this.page.locator(`.label-name`, { hasText: label }) })
      .first();
  }

  /** Takes an entry of the quick pick. By keyboard: a click may reach the next one too, which opens in its place. */
  async pick(label: string): Promise<void> {
    await this.quickPick(label).waitFor();
    await this.answer(label);
  }

  /** Presses a button of the dialog that is open, and answers what the dialog said. */
  async confirm(button: string): Promise<string> {
    const dialog = this.page.locator(".monaco-dialog-box");
    await dialog.waitFor();
    const said = await dialog.innerText();
    await dialog.locator(".monaco-button", { hasText: button }).first().click();
    return said;
  }

  /** Types into the quick input that is open, and accepts it. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget input").first();
    await input.waitFor();
    await input.fill(text);
    await input.press("Enter");
  }

  /** Puts this text in place of all of the active editor's, as a person who pastes it. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate((clip) => (navigator as unknown as Clipboard).clipboard.writeText(clip), text);
    await this.probe.execute("workbench.action.focusActiveEditorGroup");
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("ControlOrMeta+V");
    await this.probe.until((vscode, all) => vscode.window.activeTextEditor?.document.getText() === all, text);
  }

  /** The URI of the document in the active editor, once there is one whose path ends so. */
  editor(end: string): Promise<string> {
    return this.probe.until((vscode, wanted) => {
      const uri = vscode.window.activeTextEditor?.document.uri;
      return uri?.path.endsWith(wanted) === true && uri.toString();
    }, end) as Promise<string>;
  }

  /** The rows of a tree view that are painted, by the view's name in its title. */
  rows(view: string): Locator {
    return this.page.locator(`[role=tree][aria-label="${view}"] [role=treeitem]`);
  }

  /**
   * Takes an entry of an element's context menu. By keyboard: VS Code passes over a click that comes so soon after the
   * menu that it may have been meant for what is below it.
   */
  async menu(of: Locator, entry: string): Promise<void> {
    await of.click({ button: "right" });
    await this.page.locator(".context-view .action-label", { hasText: entry }).first().hover();
    await this.page.keyboard.press("Enter");
  }

  statusBar(): Locator {
    return this.page.locator(".statusbar-item[id^='opencode-vibe']");
  }

  notifications(): Locator {
    return this.page.locator(".notifications-toasts .notification-list-item");
  }

  /** Saves a picture of the window and answers where it is. */
  async picture(name: string, folder = pictures): Promise<string> {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replaceAll(/[^\w.-]+/g, "-")}.png`);
    await this.page.screenshot({ path, animations: "disabled", caret: "hide" });
    return path;
  }
}
