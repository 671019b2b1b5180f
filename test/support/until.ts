const POLL_MS = 5
const DEFAULT_TIMEOUT_MS = 10_000

/** Awaits a condition; a hang must fail as an assertion that says what was awaited. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  awaited: () => string,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms still waiting for ${awaited()}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
