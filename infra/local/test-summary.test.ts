import { expect, test } from 'bun:test'
import { mergeSummaries, summarizeRun } from './test-summary.ts'

const formatRunEnd = (pass: number, fail: number) =>
  ` ${pass} pass\n 1 skip\n ${fail} fail\n 9 expect() calls\nRan 3 tests\n`

test('reads the counts at the end of the output of bun test', () => {
  expect(summarizeRun(`console says:\n 7 pass\n${formatRunEnd(12, 2)}`, 1)).toMatchObject({ passed: 12, failed: 2 })
})

test('extracts the output of each failed test, and of no other', () => {
  const output = [
    'a/one.test.ts:\nwarned\n(pass) goes well [1ms]\nerror: no\n  at there\n(fail) goes wrong [2ms]',
    'b/two.test.ts:\n(pass) goes well, too [1ms]\nerror: late\n(fail) takes long [3ms]',
  ]
  expect(
    summarizeRun(`${output.join('\n\n')}\n\n1 tests failed:\n(fail) takes long [3ms]\n${formatRunEnd(2, 2)}`, 1)
      .failures,
  ).toEqual([
    'a/one.test.ts:\nerror: no\n  at there\n(fail) goes wrong [2ms]',
    'b/two.test.ts:\nerror: late\n(fail) takes long [3ms]',
  ])
})

test('reads coloured output', () => {
  expect(summarizeRun('\u001b[32m 3 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\n', 0)).toEqual({
    passed: 3,
    failed: 0,
    failures: [],
  })
})

test('counts a run that failed without naming a test as one failure', () => {
  expect(summarizeRun('error TS2304', 2)).toEqual({ passed: 0, failed: 1, failures: ['error TS2304'] })
  expect(summarizeRun(formatRunEnd(4, 0), 1)).toMatchObject({ passed: 4, failed: 1 })
})

test('counts a successful check as zero tests', () => {
  expect(summarizeRun('Checked 40 files', 0)).toEqual({ passed: 0, failed: 0, failures: [] })
})

test('sums the counts of several runs', () => {
  expect(
    mergeSummaries([
      { passed: 1, failed: 0, failures: [] },
      { passed: 2, failed: 1, failures: ['(fail) one'] },
    ]),
  ).toEqual({ passed: 3, failed: 1, failures: ['(fail) one'] })
})
