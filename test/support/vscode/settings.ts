/** The settings that a VS Code under test begins with: nothing moves, asks, updates or goes out of this machine. */

export const themes = {
  light: "Light Modern",
  dark: "Dark Modern",
  contrast: "Default High Contrast",
} as const;

export type Theme = keyof typeof themes;

export const settingsOf = (theme: Theme, more: Readonly<Record<string, unknown>>) => ({
  "workbench.colorTheme": themes[theme],
  "window.autoDetectColorScheme": false,
  "window.autoDetectHighContrast": false,
  "workbench.reduceMotion": "on",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.settings.enableNaturalLanguageSearch": false,
  "workbench.editor.enablePreview": false,
  "chat.disableAIFeatures": true,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "editor.cursorBlinking": "solid",
  "editor.minimap.enabled": false,
  "terminal.integrated.gpuAcceleration": "off",
  // A browser's VS Code saves by itself; the desktop's does not.
  "files.autoSave": "off",
  "git.openRepositoryInParentFolders": "never",
  "git.autofetch": false,
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  ...more,
});
