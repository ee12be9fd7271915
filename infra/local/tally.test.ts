import { expect, test } from 'bun:test'
import { sum, tallyOf } from './tally.ts'

const SUMMARY = (pass: number, fail: number) =>
  ` ${pass} pass\n 1 skip\n ${fail} fail\n 9 expect() calls\nRan 3 tests\n`

test('takes the counts from the end of what bun test wrote', () => {
  expect(tallyOf(`console says:\n 7 pass\n${SUMMARY(12, 2)}`, 1)).toEqual({ passed: 12, failed: 2 })
})

test('reads coloured output', () => {
  expect(tallyOf('\u001b[32m 3 pass\u001b[0m\n\u001b[2m 0 fail\u001b[0m\n', 0)).toEqual({ passed: 3, failed: 0 })
})

test('a run that failed without naming a failure counts as one', () => {
  expect(tallyOf('error TS2304', 2)).toEqual({ passed: 0, failed: 1 })
  expect(tallyOf(SUMMARY(4, 0), 1)).toEqual({ passed: 4, failed: 1 })
})

test('a check that passed counts as nothing', () => {
  expect(tallyOf('Checked 40 files', 0)).toEqual({ passed: 0, failed: 0 })
})

test('adds up', () => {
  expect(
    sum([
      { passed: 1, failed: 0 },
      { passed: 2, failed: 3 },
    ]),
  ).toEqual({ passed: 3, failed: 3 })
})
