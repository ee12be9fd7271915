import { expect, test } from 'bun:test'
import { createProgress } from './progress.ts'

function told(colour: boolean): string {
  let [text, now] = ['', 0]
  const write = (part: string) => {
    text += part
  }
  const step = createProgress({ write, colour, now: () => now }).part('Postgres 18')
  step.say('makes a new database')
  now = 1_449
  step.ready()
  return text
}

test('a line a part, with how long it took', () => {
  expect(told(false)).toBe('  Postgres 18    makes a new database\n  Postgres 18    ready  1.4 s\n')
})

test('in colour it says the same', () => {
  expect(told(true)).not.toBe(told(false))
  expect(Bun.stripANSI(told(true))).toBe(told(false))
})
