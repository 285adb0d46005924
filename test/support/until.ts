/** Waits for what happens by itself soon; a test whose condition never comes fails here, not at its timeout. */
export const until = async (condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> => {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} seconds in vain for: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
