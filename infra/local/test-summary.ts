/** How many tests passed and failed, and what was written of those that failed. */
export interface TestSummary {
  passed: number
  failed: number
  failures: readonly string[]
}

/** Lines shown of one failure: an error with its piece of code has about twenty. */
const MAX_FAILURE_LINES = 40

const FILE_LINE = /^\S+\.tsx?:$/
const RESULT_LINE = /^\((pass|fail|skip|todo)\)/
/** At the end of a long run `bun test` names those that failed again. */
const REPEATED_FAILURES = /^\d+ tests? failed:$/

/**
 * What one run of a test runner or a check came to.
 *
 * @param output all it wrote; `bun test` ends with lines such as ` 12 pass` and ` 0 fail`
 * @param exitCode a run that failed counts as one failure, if it names none
 */
export function summarizeRun(output: string, exitCode: number): TestSummary {
  const plain = Bun.stripANSI(output)
  const failed = findLastCount(plain, 'fail')
  return {
    passed: findLastCount(plain, 'pass'),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    failures: exitCode === 0 ? [] : extractFailures(plain),
  }
}

/** All of them together. */
export function mergeSummaries(summaries: readonly TestSummary[]): TestSummary {
  const total = (key: 'passed' | 'failed') => summaries.reduce((sum, summary) => sum + summary[key], 0)
  return { passed: total('passed'), failed: total('failed'), failures: summaries.flatMap(({ failures }) => failures) }
}

function findLastCount(output: string, word: 'pass' | 'fail'): number {
  const found = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, 'gm'))].at(-1)
  return Number(found?.[1] ?? 0)
}

/** Each test that failed, with its file and the lines before it, which say why; of a run that names none, its end. */
function extractFailures(output: string): string[] {
  const failures: string[] = []
  let file = ''
  let precedingLines: string[] = []
  for (const line of output.trimEnd().split('\n')) {
    if (REPEATED_FAILURES.test(line)) break
    if (line.startsWith('(fail)')) failures.push([file, ...precedingLines, line].join('\n'))
    if (FILE_LINE.test(line)) file = line
    precedingLines =
      FILE_LINE.test(line) || RESULT_LINE.test(line) ? [] : [...precedingLines, line].slice(-MAX_FAILURE_LINES)
  }
  return failures.length > 0 ? failures : [precedingLines.join('\n')]
}
