const pauseMs = 5;

/** Tries `check` again until it stops throwing; throws its last error after pauses of `withinMs`: a machine that stands still uses up none. */
export async function eventually(check: () => void | Promise<void>, withinMs = 10_000): Promise<void> {
  for (let pausedMs = 0; ; pausedMs += pauseMs) {
    try {
      await check();
      return;
    } catch (error) {
      if (pausedMs >= withinMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** A promise that the test settles. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
