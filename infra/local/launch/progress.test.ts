import { expect, test } from 'bun:test'
import { createProgress } from './progress.ts'

function renderProgress(color: boolean): string {
  let [text, now] = ['', 0]
  const write = (part: string) => {
    text += part
  }
  const step = createProgress({ write, color, now: () => now }).startStep('Postgres 18')
  step.report('makes a new database')
  now = 1_449
  step.markReady()
  return text
}

test('a line a part, with how long it took', () => {
  expect(renderProgress(false)).toBe('  Postgres 18    makes a new database\n  Postgres 18    ready  1.4 s\n')
})

test('in colour it says the same', () => {
  expect(renderProgress(true)).not.toBe(renderProgress(false))
  expect(Bun.stripANSI(renderProgress(true))).toBe(renderProgress(false))
})
