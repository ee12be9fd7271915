/** How many tests passed and failed. */
export interface Tally {
  passed: number
  failed: number
}

/**
 * What one run of a test runner or a check came to.
 *
 * @param output all it wrote; `bun test` ends with lines such as ` 12 pass` and ` 0 fail`
 * @param exitCode a run that failed counts as one failure, if it names none
 */
export function tallyOf(output: string, exitCode: number): Tally {
  const failed = lastCount(output, 'fail')
  return { passed: lastCount(output, 'pass'), failed: exitCode !== 0 && failed === 0 ? 1 : failed }
}

/** All of them together. */
export function sum(tallies: readonly Tally[]): Tally {
  const total = (key: keyof Tally) => tallies.reduce((sum, tally) => sum + tally[key], 0)
  return { passed: total('passed'), failed: total('failed') }
}

function lastCount(output: string, word: 'pass' | 'fail'): number {
  const found = [...Bun.stripANSI(output).matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, 'gm'))].at(-1)
  return Number(found?.[1] ?? 0)
}
