/** How many tests passed and failed, and what was written of those that failed. */
export interface Tally {
  passed: number
  failed: number
  failures: readonly string[]
}

/** Lines shown of one failure: an error with its piece of code has about twenty. */
const SHOWN_LINES = 40

const FILE = /^\S+\.tsx?:$/
const RESULT = /^\((pass|fail|skip|todo)\)/
/** At the end of a long run `bun test` names those that failed again. */
const AGAIN = /^\d+ tests? failed:$/

/**
 * What one run of a test runner or a check came to.
 *
 * @param output all it wrote; `bun test` ends with lines such as ` 12 pass` and ` 0 fail`
 * @param exitCode a run that failed counts as one failure, if it names none
 */
export function tallyOf(output: string, exitCode: number): Tally {
  const plain = Bun.stripANSI(output)
  const failed = lastCount(plain, 'fail')
  return {
    passed: lastCount(plain, 'pass'),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    failures: exitCode === 0 ? [] : failuresIn(plain),
  }
}

/** All of them together. */
export function sum(tallies: readonly Tally[]): Tally {
  const total = (key: 'passed' | 'failed') => tallies.reduce((sum, tally) => sum + tally[key], 0)
  return { passed: total('passed'), failed: total('failed'), failures: tallies.flatMap(({ failures }) => failures) }
}

function lastCount(output: string, word: 'pass' | 'fail'): number {
  const found = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, 'gm'))].at(-1)
  return Number(found?.[1] ?? 0)
}

/** Each test that failed, with its file and the lines before it, which say why; of a run that names none, its end. */
function failuresIn(output: string): string[] {
  const failures: string[] = []
  let file = ''
  let said: string[] = []
  for (const line of output.trimEnd().split('\n')) {
    if (AGAIN.test(line)) break
    if (line.startsWith('(fail)')) failures.push([file, ...said, line].join('\n'))
    if (FILE.test(line)) file = line
    said = FILE.test(line) || RESULT.test(line) ? [] : [...said, line].slice(-SHOWN_LINES)
  }
  return failures.length > 0 ? failures : [said.join('\n')]
}
