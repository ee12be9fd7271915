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

test('writes a line for each step, with its duration', () => {
  expect(renderProgress(false)).toBe('  Postgres 18    makes a new database\n  Postgres 18    ready  1.4 s\n')
})

test('has the same text in colour', () => {
  expect(renderProgress(true)).not.toBe(renderProgress(false))
  expect(Bun.stripANSI(renderProgress(true))).toBe(renderProgress(false))
})
