/** Counts of the passed and failed tests, and the output of the failed ones. */
export interface TestSummary {
  passed: number
  failed: number
  failures: readonly string[]
}

/** Lines shown of one failure: an error with its code excerpt has about twenty. */
const MAX_FAILURE_LINES = 40

const FILE_LINE = /^\S+\.tsx?:$/
const RESULT_LINE = /^\((pass|fail|skip|todo)\)/
/** Heading of the list of failed tests that `bun test` repeats at the end of a long run. */
const REPEATED_FAILURES = /^\d+ tests? failed:$/

/**
 * Summarizes one run of `bun test` or of a check.
 *
 * @param output the whole output; `bun test` ends with lines such as ` 12 pass` and ` 0 fail`
 * @param exitCode a failed run counts as one failure if its output has none
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

/** Sums several summaries. */
export function mergeSummaries(summaries: readonly TestSummary[]): TestSummary {
  const total = (key: 'passed' | 'failed') => summaries.reduce((sum, summary) => sum + summary[key], 0)
  return { passed: total('passed'), failed: total('failed'), failures: summaries.flatMap(({ failures }) => failures) }
}

function findLastCount(output: string, word: 'pass' | 'fail'): number {
  const found = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, 'gm'))].at(-1)
  return Number(found?.[1] ?? 0)
}

/** Extracts each failed test with its file and the lines before it, which have the error. Without any, returns the last lines. */
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
